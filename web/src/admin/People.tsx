import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { faceOf, nameOf } from "../conversations/naming";
import { usePages } from "../state/pages";
import { accountRoute, follow, formatRoute } from "../state/route";
import { a } from "../strings/admin";
import { s } from "../strings/settings";
import { ago, fullTime } from "../time/format";
import { Avatar } from "../ui/Avatar";
import { Icon } from "../ui/Icon";
import { PagedList } from "../ui/PagedList";
import { admin, type ManagedUser, type PeopleFilter } from "./api";
import { NewPersonForm } from "./NewPersonForm";
import { roleOptions } from "./roles";
import { Select } from "./Select";

const PAUSE_MS = 200;

/** Kept while somebody's account is looked at. */
const filter = signal<PeopleFilter>({ q: "", role: "", plan: "", banned: "" });

export function People() {
  const [making, setMaking] = useState(false);
  if (making) return <NewPersonForm onClose={() => setMaking(false)} />;
  return (
    <>
      <div class="section-block">
        <Filters />
        <button
          type="button"
          class="button section-start"
          onClick={() => setMaking(true)}
          data-testid="new-person"
        >
          <Icon name="personAdd" />
          {a.people.create}
        </button>
      </div>
      <Results />
    </>
  );
}

function Filters() {
  const set = (changes: Partial<PeopleFilter>) => {
    filter.value = { ...filter.value, ...changes };
  };
  const { q, role, banned } = filter.value;
  return (
    <search class="filters">
      <div class="search-box">
        <Icon name="search" />
        <input
          type="search"
          value={q}
          maxLength={64}
          placeholder={a.people.search}
          aria-label={a.people.search}
          onInput={(event) => set({ q: event.currentTarget.value })}
          data-testid="person-search"
        />
      </div>
      <Select
        label={a.people.role}
        value={role}
        options={[["", a.people.anyRole], ...roleOptions]}
        onChange={(next) => set({ role: next })}
        compact
        testId="person-role"
      />
      <Select
        label={a.people.state}
        value={banned}
        options={[
          ["", a.people.anyState],
          ["false", a.people.active],
          ["true", a.people.banned],
        ]}
        onChange={(next) => set({ banned: next })}
        compact
        testId="person-state"
      />
    </search>
  );
}

function Results() {
  const wanted = useSettled(filter.value);
  const pages = usePages((cursor) => admin.people({ ...wanted, q: wanted.q.trim() }, cursor), [wanted]);
  return (
    <div class="section-block">
      <PagedList
        pages={pages}
        none={a.people.none}
        testId="accounts"
        row={(user) => <PersonRow key={user.id} user={user} />}
      />
    </div>
  );
}

/** The value once it has not changed for a moment: a word is looked for, not each of its letters. */
function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

function PersonRow({ user }: { user: ManagedUser }) {
  const { id, username, email, role, banned_at, last_seen_at } = user;
  return (
    <li data-testid="account" data-username={username}>
      <a
        class="section-row account-row"
        href={formatRoute(accountRoute(id))}
        onClick={(event) => follow(event, accountRoute(id))}
        data-testid="open-account"
      >
        <Avatar {...faceOf(user)} size="s" />
        <span class="section-row-text">
          <span class="section-row-title">
            <bdi class="truncate">{nameOf(user)}</bdi>
            {role !== "member" && <span class="tag">{s.roles[role] ?? role}</span>}
            {banned_at && <span class="tag tag-bad">{a.people.banned}</span>}
          </span>
          <bdi class="section-note truncate">
            @{username}
            {email && ` · ${email}`}
          </bdi>
        </span>
        {last_seen_at && (
          <time class="section-note account-seen" dateTime={last_seen_at} title={fullTime(last_seen_at)}>
            {ago(last_seen_at)}
          </time>
        )}
        <Icon name="chevron" />
      </a>
    </li>
  );
}
