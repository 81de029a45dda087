// Validation and acknowledgement of client events, in one place.

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const KEY = /^[\x21-\x7e]{1,64}$/;
const LONGEST = 20_000;

export class Refused extends Error {
  constructor(code, detail) {
    super(detail);
    this.code = code;
  }
}

const invalid = (detail) => {
  throw new Refused("validation_failed", detail);
};

const schemas = {
  send_message(data) {
    if (!UUID.test(data.conversation_id)) invalid("conversation_id must be a UUID");
    if (!KEY.test(data.client_msg_id)) invalid("client_msg_id must be 1 to 64 printable characters");
    const { content } = data;
    if (typeof content !== "string" || !content.trim() || content.includes("\0") || !content.isWellFormed()) {
      invalid("content must be text");
    }
    if (content.length > LONGEST) throw new Refused("payload_too_large", "too long");
    if (data.reply_to_id != null && !UUID.test(data.reply_to_id)) invalid("reply_to_id must be a UUID");
  },
  sync(data) {
    const { conversations = {}, limit = 1000 } = data;
    if (typeof conversations !== "object" || conversations === null) invalid("conversations must be an object");
    for (const [id, change] of Object.entries(conversations)) {
      if (!UUID.test(id) || !Number.isSafeInteger(change) || change < 0) invalid("conversations must hold a number by UUID");
    }
    if (!Number.isSafeInteger(limit) || limit < 1 || limit > 1000) invalid("limit must be 1 to 1000");
  },
  mark(data) {
    if (!UUID.test(data.conversation_id)) invalid("conversation_id must be a UUID");
    if (!Number.isSafeInteger(data.seq) || data.seq < 1) invalid("seq must be a number");
  },
};

// A listener that validates, calls the handler and acknowledges what it returns or why it was refused.
export const event = (schema, handler) => async (data, acknowledge) => {
  if (typeof acknowledge !== "function") return;
  try {
    if (typeof data !== "object" || data === null) invalid("takes one object");
    schemas[schema](data);
    acknowledge({ ok: true, ...(await handler(data)) });
  } catch (error) {
    const told = error instanceof Refused ? error : new Refused("internal_error", "Something went wrong.");
    if (told !== error) console.error(error);
    acknowledge({ ok: false, error: { code: told.code, detail: told.message } });
  }
};
