import { describe, expect, test } from "vitest";
import { checkPassword, checkSignUp } from "../../src/auth/validate";
import { ChatError, type Conversation, type Member } from "../../src/client";
import {
  mayDelete,
  mayInvite,
  mayLeave,
  mayRemove,
  mayRename,
  mayWrite,
  rolesFor,
} from "../../src/details/permissions";
import { explain, fieldErrors } from "../../src/state/errors";
import { chooseLanguage } from "../../src/strings";
import { adminEn } from "../../src/strings/admin.en";
import { adminZh } from "../../src/strings/admin.zh";
import { en } from "../../src/strings/en";
import { settingsEn } from "../../src/strings/settings.en";
import { settingsZh } from "../../src/strings/settings.zh";
import { zh } from "../../src/strings/zh";
import { typingText } from "../../src/timeline/TypingIndicator";
import { HUES, hueFor, hueOf, initials } from "../../src/ui/identity";

test.each([
  ["Ada Lovelace", "AL"],
  ["ada", "A"],
  ["王小明", "王"],
  ["Release 1.0", "R1"],
  ["jean-luc.picard", "JP"],
  ["عمر الخيام", "عا"],
  ["🚀 Launch", "🚀L"],
  ["   ", "?"],
  ["", "?"],
])("the initials of %j are %s", (name, letters) => expect(initials(name)).toBe(letters));

test("hues are spread over ids and stay the same", () => {
  const hues = Array.from({ length: 600 }, (_, n) => hueOf(`id-${n}`));
  expect(new Set(hues).size).toBe(HUES);
  expect(hueOf("id-7")).toBe(hues[7]);
  expect([hueFor("id-7", null), hueFor("id-7", 0), hueFor("id-7", 11)]).toEqual([hues[7], 0, 11]);
  expect(settingsEn.profile.colours.length).toBe(HUES);
});

describe("what a role may do", () => {
  const as = (kind: string, my_role: string | null) => ({ kind, my_role }) as Conversation;
  const member = (role: string) => ({ role, user: { id: "u" } }) as Member;

  test("a member of a group writes, invites and leaves", () => {
    const group = as("group", "member");
    expect([mayWrite(group), mayInvite(group), mayLeave(group)]).toEqual([true, true, true]);
    expect([mayRename(group), mayDelete(group), mayRemove(group, member("member"))]).toEqual([
      false,
      false,
      false,
    ]);
  });

  test("a moderator removes members, not owners or other moderators, and gives no roles", () => {
    const group = as("group", "moderator");
    expect(["member", "moderator", "owner"].map((role) => mayRemove(group, member(role)))).toEqual([
      true,
      false,
      false,
    ]);
    expect(rolesFor(group, member("member"))).toEqual([]);
  });

  test("an owner gives every role but the one a member has", () => {
    expect(rolesFor(as("room", "owner"), member("member"))).toEqual(["owner", "moderator", "read_only"]);
  });

  test("reading along is not writing, and a private chat is for two for good", () => {
    expect(mayWrite(as("room", "read_only"))).toBe(false);
    expect(mayWrite(as("room", null))).toBe(false);
    const chat = as("private", "owner");
    expect([mayInvite(chat), mayRename(chat), mayLeave(chat), mayDelete(chat)]).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});

describe("errors", () => {
  test("fields of a form get theirs, the rest stands above it", () => {
    const error = new ChatError("validation_failed", "", [
      { field: "body.title", message: "is too long" },
      { field: "captcha", message: "must be there." },
    ]);
    expect(fieldErrors(error, ["title"])).toEqual({
      fields: { title: "Is too long." },
      general: "Must be there.",
    });
  });

  test("an error without fields is explained as a whole", () => {
    expect(fieldErrors(new ChatError("network", "…"), ["username"])).toEqual({
      fields: {},
      general: en.errors.network,
    });
  });

  test("a field that people know is told of in our words, by what is wrong with it", () => {
    const about = (code: string) => new ChatError(code, "", [{ field: "email", message: "is not so" }]);
    expect(fieldErrors(about("conflict"), ["email"]).fields).toEqual({
      email: en.errors.fields["conflict.email"],
    });
    expect(explain(about("validation_failed"))).toBe(en.errors.fields.email);
  });

  test("what an error means here goes before what it means in general", () => {
    const error = new ChatError("conflict", "This cannot be.");
    expect(explain(error)).toBe("This cannot be.");
    expect(explain(error, { conflict: "It is your only way in." })).toBe("It is your only way in.");
  });

  test.each([
    [0.4, "1 second"],
    [45, "45 seconds"],
    [91, "2 minutes"],
    [300, "5 minutes"],
    [3600, "60 minutes"],
    [7000, "2 hours"],
  ])("a limit of %d s says how long to wait", (seconds, words) => {
    expect(explain(new ChatError("rate_limited", "", undefined, seconds))).toContain(` in ${words}.`);
  });

  test("what is no error of the server is told, too", () => {
    expect(explain(new Error("boom"))).toBe(en.errors.unknown);
  });
});

test("the sign-up form knows the server's rules", () => {
  expect(checkSignUp({ username: "ada.l-1_x", email: "a@b.co", password: "12345678" })).toEqual({});
  for (const username of ["-ada", "ada.", "_ad"])
    expect(checkSignUp({ username, email: "a@b.co", password: "12345678" })).toHaveProperty("username");
  expect(Object.keys(checkSignUp({ username: "a", email: "nope", password: "short" }))).toEqual([
    "username",
    "email",
    "password",
  ]);
  expect(checkPassword("é".repeat(37))).toBe(en.auth.wrong.passwordLong);
});

test("the language is the chosen one, else the browser's, else English", () => {
  expect(chooseLanguage("zh", ["en-GB"])).toBe("zh");
  expect(chooseLanguage(null, ["fr-FR", "zh-Hans-CN", "en"])).toBe("zh");
  expect(chooseLanguage("xx", ["fr"])).toBe("en");
});

test("no text of a language is missing or empty", () => {
  const keys = (value: object, at = ""): string[] =>
    Object.entries(value).flatMap(([key, one]) =>
      typeof one === "object"
        ? keys(one, `${at}${key}.`)
        : one === ""
          ? [`${at}${key} is empty`]
          : [`${at}${key}`],
    );
  expect(keys(zh).sort()).toEqual(keys(en).sort());
  expect(keys(settingsZh).sort()).toEqual(keys(settingsEn).sort());
  expect(keys(adminZh).sort()).toEqual(keys(adminEn).sort());
});

test("one, two and many people type", () => {
  expect(typingText([])).toBe("");
  expect(typingText(["Ada"])).toBe("Ada is typing");
  expect(typingText(["Ada", "Grace"])).toBe("Ada and Grace are typing");
  expect(typingText(["Ada", "Grace", "Linus"])).toBe("Several people are typing");
});
