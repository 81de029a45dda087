// @vitest-environment happy-dom
import { render } from "preact";
import { beforeEach, expect, test } from "vitest";
import { RichText } from "../../src/text/RichText";

let root: HTMLElement;

beforeEach(() => {
  root = document.createElement("div");
});

function draw(content: string): HTMLElement {
  render(<RichText content={content} />, root);
  return root;
}

test("markup in a message is shown, not obeyed", () => {
  const hostile = '<img src=x onerror="alert(1)"><script>alert(2)</script>&amp;';
  expect(draw(hostile).textContent).toBe(hostile);
  expect(root.querySelector("img, script")).toBeNull();
});

test("a link opens elsewhere and tells nobody where from", () => {
  const link = draw("see https://example.org/a?b=c").querySelector("a");
  expect(link?.getAttribute("href")).toBe("https://example.org/a?b=c");
  expect(link?.getAttribute("rel")).toBe("noopener noreferrer");
  expect(link?.getAttribute("target")).toBe("_blank");
});

test("a javascript address never becomes a link", () => {
  expect(draw("javascript:alert(1) https://ok.example").querySelectorAll("a")).toHaveLength(1);
});

test("code keeps its own direction and its blanks", () => {
  const block = draw("```py\nif x:\n    y()\n```").querySelector("pre");
  expect(block?.textContent).toBe("if x:\n    y()");
  expect(block?.dir).toBe("ltr");
});

test("emoji alone are large", () => {
  expect(draw("🎉").querySelector(".rich-text-emoji")).not.toBeNull();
  expect(draw("🎉 done").querySelector(".rich-text-emoji")).toBeNull();
});
