// A crowd: many people in one process, each with the page's own client library, who do what Python says.
//
// In:  one JSON object a line, {id, op, …}. Out: {reply: id, value} or {reply: id, error: {code, detail}}.
// Times are in ms. A person is known by the number that Python gave.

import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import { createChatClient, MemoryStorage } from "../../web/dist-client/client.mjs";
import { Line } from "./line.mjs";

const people = new Map();
const lines = new Map();

class Person {
  incoming = 0;
  /** Conversation → what was shown of the own watermark over time: [read_seq, unread], one entry per change. */
  shown = new Map();
  /** clientMsgId → what to do once the message is stored. */
  #unconfirmed = new Map();
  #unlisten = null;

  constructor(url, line, options) {
    this.line = line;
    this.storage = new MemoryStorage();
    this.client = createChatClient({ url: line?.url ?? url, storage: this.storage, ...options });
    this.client.on("incoming", () => {
      this.incoming += 1;
    });
    this.client.on("outbox", () => this.#look());
  }

  get token() {
    return JSON.parse(this.storage.get("chatsphere.session")).access;
  }

  /** Sends through the library's outbox; resolves with the message as this person holds it once it is stored. */
  say(conversation, content, replyToId) {
    const began = performance.now();
    return new Promise((resolve, reject) => {
      const key = this.client.messages.send(conversation, content, replyToId ? { replyToId } : {});
      this.#unconfirmed.set(key, {
        conversation,
        reject,
        resolve: (message) => resolve({ ms: performance.now() - began, ...message }),
      });
    });
  }

  #look() {
    const pending = new Map(this.client.messages.pending().map((item) => [item.clientMsgId, item]));
    for (const [key, { conversation, resolve, reject }] of this.#unconfirmed) {
      const item = pending.get(key);
      if (item?.state === "failed") reject(item.error);
      const message = item ? null : this.#stored(conversation, key);
      if (message) resolve(message);
      if (message || item?.state === "failed") this.#unconfirmed.delete(key);
      else if (!item) this.#lookAgain(conversation);
    }
  }

  /** Confirmed, but not shown yet: something before it is still missing here. */
  #lookAgain(conversation) {
    this.#unlisten ??= this.client.on(`timeline:${conversation}`, () => {
      this.#unlisten();
      this.#unlisten = null;
      this.#look();
    });
  }

  #stored(conversation, key) {
    return this.messages(conversation).findLast((message) => message.client_msg_id === key);
  }

  /** The messages of a timeline that are stored. */
  messages(conversation) {
    const items = this.client.timelines.view(conversation).items;
    return items.map((item) => item.message).filter((message) => message.id !== "");
  }

  watchMarks(conversation) {
    const shown = [];
    this.shown.set(conversation, shown);
    const note = () => {
      const row = this.client.conversations.get(conversation);
      const last = shown.at(-1);
      if (row && (!last || last[0] !== row.read_seq || last[1] !== row.unread)) shown.push([row.read_seq, row.unread]);
    };
    note();
    this.client.on(`conversation:${conversation}`, note);
  }

  /** Resolves when `condition` holds, which is asked whenever `topic` tells of news. */
  until(topic, condition) {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => {
      const stop = this.client.on(topic, () => {
        if (!condition()) return;
        stop();
        resolve();
      });
    });
  }

  close() {
    this.client.close();
    this.line?.close();
  }
}

/** One line per message, in the order shown; Python makes the same of the rows of the database. */
function digest(messages) {
  const hash = createHash("sha256");
  for (const { seq, id, sender_id, reply_to_id, content } of messages) {
    hash.update(`${seq} ${id} ${sender_id} ${reply_to_id ?? "-"} ${Buffer.from(content).toString("hex")}\n`);
  }
  return hash.digest("hex");
}

const operations = {
  async join({ person: number, url, username, password, email, line, options }) {
    const person = new Person(url, line ? await Line.to(url) : null, options);
    people.set(number, person);
    const form = { username, password };
    const me = email ? await person.client.register({ ...form, email }) : await person.client.login(form);
    await person.until("status", () => person.client.status === "online");
    return { id: me.id, token: person.token };
  },

  call({ person, method, args }) {
    const steps = method.split(".");
    const name = steps.pop();
    const on = steps.reduce((object, step) => object[step], people.get(person).client);
    return on[name](...args);
  },

  async open({ person: number, conversation }) {
    const person = people.get(number);
    await person.until("conversations", () => person.client.conversations.get(conversation));
    person.client.timelines.open(conversation);
    await person.until(`timeline:${conversation}`, () => person.client.timelines.view(conversation).loaded);
  },

  say({ person, conversation, content, replyTo }) {
    return people.get(person).say(conversation, content, replyTo);
  },

  /** Says something and measures until it is stored, and until the other one, in this process too, is shown it. */
  async exchange({ person, other, conversation, content }) {
    const began = performance.now();
    const theirs = people.get(other);
    const heard = theirs.until(`timeline:${conversation}`, () => theirs.messages(conversation).at(-1)?.content === content);
    const [said, received] = await Promise.all([
      people.get(person).say(conversation, content),
      heard.then(() => performance.now() - began),
    ]);
    return { stored: said.ms, received };
  },

  held({ person: number, conversation }) {
    const person = people.get(number);
    const { loaded, atStart, atEnd } = person.client.timelines.view(conversation);
    return {
      status: person.client.status,
      conversation: person.client.conversations.get(conversation) ?? null,
      messages: person.messages(conversation),
      whole: loaded && atStart && atEnd,
      unsent: person.client.messages.pending(conversation).length,
    };
  },

  digests({ conversation }) {
    return [...people].map(([number, person]) => [number, digest(person.messages(conversation))]);
  },

  /** Loads all that is left of the history. */
  async loadAll({ person: number, conversation }) {
    const { timelines } = people.get(number).client;
    for (let page = 0; page < 1000 && !timelines.view(conversation).atStart; page++) {
      await timelines.loadOlder(conversation);
    }
  },

  peers({ person, conversation }) {
    return Object.fromEntries(people.get(person).client.receipts.peers(conversation));
  },

  statuses() {
    return [...people].map(([number, person]) => [number, person.client.status]);
  },

  incoming() {
    return [...people.values()].reduce((sum, person) => sum + person.incoming, 0);
  },

  watchMarks({ person, conversation }) {
    people.get(person).watchMarks(conversation);
  },

  shown({ person, conversation }) {
    return people.get(person).shown.get(conversation);
  },

  cut({ person }) {
    people.get(person).line.cut();
  },

  mend({ person }) {
    people.get(person).line.mend();
    people.get(person).client.reconnect();
  },

  /** A line for a server of ours instead of a person. */
  async lay({ name, url }) {
    lines.set(name, await Line.to(url));
    return lines.get(name).url;
  },

  freeze({ name }) {
    lines.get(name).freeze();
  },
};

const tell = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

/** Functions, such as the one that closes a timeline, mean nothing to Python. */
const plain = (value) => (typeof value === "function" || value === undefined ? null : value);

createInterface({ input: process.stdin })
  .on("line", async (text) => {
    const { id, op, ...fields } = JSON.parse(text);
    try {
      tell({ reply: id, value: plain(await operations[op](fields)) });
    } catch (error) {
      tell({ reply: id, error: { code: error.code ?? error.name, detail: error.detail ?? error.stack } });
    }
  })
  .on("close", () => {
    for (const open of [...people.values(), ...lines.values()]) open.close();
    process.exit(0);
  });
