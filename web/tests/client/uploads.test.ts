import { describe, expect, test } from "vitest";
import type { Attachment } from "../../src/client";
import { stage } from "./people";

const it = stage();

const PAPER: Attachment = {
  id: "u1",
  message_id: null,
  name: "paper.pdf",
  url: "/api/v1/media/u1/paper.pdf",
  media_type: "application/pdf",
  size: 5,
  status: "ready",
  error: null,
  width: null,
  height: null,
  blurhash: null,
  thumbnails: [],
  created_at: "2026-01-01T00:00:00.000Z",
};

describe("a file", () => {
  test("is sent as a form, whose type the browser says", async () => {
    const sent: RequestInit[] = [];
    const ann = await it.join("ann", {
      fetch: (address, init) => {
        if (String(address).endsWith("/uploads")) sent.push(init ?? {});
        return fetch(address, init);
      },
    });
    it.server.fault("POST /uploads", { status: 201, body: PAPER });
    expect(await ann.uploads.send(new Blob(["paper"]), "paper.pdf")).toEqual(PAPER);
    const form = sent[0]?.body as FormData;
    expect((form.get("file") as File).name).toBe("paper.pdf");
    expect(sent[0]?.headers).not.toHaveProperty("Content-Type");
    expect(sent[0]?.headers).toHaveProperty("Authorization");
  });

  test("that is no longer wanted stops on its way", async () => {
    const ann = await it.join("ann");
    it.server.fault("POST /uploads", "silence");
    const abort = new AbortController();
    const sending = ann.uploads.send(new Blob(["paper"]), "paper.pdf", { signal: abort.signal });
    abort.abort();
    await expect(sending).rejects.toMatchObject({ code: "network" });
  });

  test("waits with its message, and is shown meanwhile", async () => {
    const ann = await it.join("ann");
    const mine = ann.messages.send("c1", "", { attachments: [PAPER] });
    expect(ann.messages.pending("c1")[0]).toMatchObject({ clientMsgId: mine, attachments: [PAPER] });
  });
});
