import type { SecurityEvent } from "../client";
import { client } from "../state/client";
import { usePages } from "../state/pages";
import { s } from "../strings/settings";
import { ago, fullTime } from "../time/format";
import { activityText } from "./activity";
import { Block } from "./Block";
import { deviceName } from "./device";
import { LinkedIdentities } from "./LinkedIdentities";
import { PagedList } from "./PagedList";
import { Password } from "./Password";

export function Security({ outcome }: { outcome: string | undefined }) {
  return (
    <>
      <Password />
      <LinkedIdentities outcome={outcome} />
      <Activity />
    </>
  );
}

function Activity() {
  const pages = usePages((cursor) => client.account.activity(cursor));
  return (
    <Block title={s.activity.title} text={s.activity.text}>
      <PagedList
        pages={pages}
        none={s.activity.none}
        testId="activity"
        row={(event) => <EventRow key={event.id} event={event} />}
      />
    </Block>
  );
}

function EventRow({ event }: { event: SecurityEvent }) {
  const { at, action, address, user_agent } = event;
  const where = [user_agent && deviceName(user_agent), address].filter(Boolean).join(" · ");
  return (
    <li class="settings-row settings-row-small" data-testid="activity-event" data-action={action}>
      <span class="settings-row-text">
        <span>{activityText(event)}</span>
        {where && <span class="settings-note truncate">{where}</span>}
      </span>
      <time class="settings-note" dateTime={at} title={fullTime(at)}>
        {ago(at)}
      </time>
    </li>
  );
}
