import { useMemo } from "preact/hooks";
import { type Block, type Inline, isEmojiOnly, parseText } from "./parse";

/** A message's text as elements; never as markup. */
export function RichText({ content }: { content: string }) {
  const blocks = useMemo(() => parseText(content), [content]);
  return (
    <div
      class={isEmojiOnly(content) ? "rich-text rich-text-emoji" : "rich-text"}
      dir="auto"
      data-testid="message-text"
    >
      {blocks.map((block, index) => (
        <RichBlock key={index} block={block} />
      ))}
    </div>
  );
}

function RichBlock({ block }: { block: Block }) {
  if (block.kind === "code") {
    return (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways has to be reachable by keyboard.
      <pre class="code-block" dir="ltr" tabIndex={0} data-language={block.language || undefined}>
        <code>{block.text}</code>
      </pre>
    );
  }
  return (
    <p dir="auto">
      {block.inlines.map((inline, index) => (
        <RichInline key={index} inline={inline} />
      ))}
    </p>
  );
}

function RichInline({ inline }: { inline: Inline }) {
  if (inline.kind === "code") return <code dir="ltr">{inline.text}</code>;
  if (inline.kind === "link") {
    return (
      <a href={inline.href} target="_blank" rel="noopener noreferrer">
        <bdi dir="ltr">{inline.text}</bdi>
      </a>
    );
  }
  return <>{inline.text}</>;
}
