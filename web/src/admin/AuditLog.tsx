import { useEffect, useState } from "preact/hooks";
import { nameOf } from "../conversations/naming";
import { deviceName } from "../settings/device";
import { client, useUser } from "../state/client";
import { usePages } from "../state/pages";
import { accountRoute, follow, formatRoute } from "../state/route";
import { t } from "../strings";
import { a } from "../strings/admin";
import { ago, fullTime } from "../time/format";
import { PagedList } from "../ui/PagedList";
import { type AuditEvent, type AuditFilter, admin } from "./api";
import { auditText } from "./audit";
import { Select } from "./Select";

/** The security events of the whole server, newest first. */
export function AuditLog() {
  const [action, setAction] = useState("");
  return (
    <div class="section-block">
      <p class="section-text">{a.audit.text}</p>
      <div class="filters">
        <Select
          label={a.audit.action}
          value={action}
          options={[["", a.audit.anyAction], ...Object.entries(a.audit.actions)]}
          onChange={setAction}
          compact
          testId="audit-action"
        />
      </div>
      <AuditEvents filter={{ action }} />
    </div>
  );
}

/** Another `version`: there may be new ones. */
export function AuditEvents({ filter, version = 0 }: { filter: AuditFilter; version?: number }) {
  const pages = usePages((cursor) => admin.audit(filter, cursor), [filter.action, filter.target_id, version]);
  const ids = new Set(pages.items?.flatMap(({ actor_id, target_id }) => [actor_id, target_id]));
  ids.delete(null);
  useEffect(() => void client.users.load([...ids] as string[]), [[...ids].join()]);
  return (
    <PagedList
      pages={pages}
      none={a.audit.none}
      testId="audit"
      row={(event) => <EventRow key={event.id} event={event} of={filter.target_id} />}
    />
  );
}

/** `of`: whose events these are, who is then not named in each. */
function EventRow({ event, of }: { event: AuditEvent; of: string | undefined }) {
  const { at, action, actor_id, target_id, address, user_agent, request_id } = event;
  const where = [user_agent && deviceName(user_agent), address].filter(Boolean).join(" · ");
  return (
    <li class="section-row section-row-small" data-testid="audit-event" data-action={action}>
      <span class="section-row-text" title={request_id && a.audit.request(request_id)}>
        <span>{auditText(event)}</span>
        <span class="section-note">
          <Who id={actor_id} />
          {target_id && target_id !== actor_id && target_id !== of && (
            <>
              {" → "}
              <Who id={target_id} />
            </>
          )}
          {where && ` · ${where}`}
        </span>
      </span>
      <time class="section-note" dateTime={at} title={fullTime(at)}>
        {ago(at)}
      </time>
    </li>
  );
}

/** None: nobody who was signed in, or a command of the operator. */
function Who({ id }: { id: string | null }) {
  const user = useUser(id);
  if (!id) return <>{a.audit.nobody}</>;
  return (
    <a
      class="quiet-link"
      href={formatRoute(accountRoute(id))}
      onClick={(event) => follow(event, accountRoute(id))}
    >
      <bdi>{user ? nameOf(user) : t.someone}</bdi>
    </a>
  );
}
