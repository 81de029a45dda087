import type { SecurityEvent } from "../client";
import { client } from "../state/client";
import { usePages } from "../state/pages";
import { s } from "../strings/settings";
import { ago, fullTime } from "../time/format";
import { Block } from "../ui/Block";
import { PagedList } from "../ui/PagedList";
import { activityText } from "./activity";
import { deviceName } from "./device";
import { LinkedIdentities } from "./LinkedIdentities";
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
    <li class="section-row section-row-small" data-testid="activity-event" data-action={action}>
      <span class="section-row-text">
        <span>{activityText(event)}</span>
        {where && <span class="section-note truncate">{where}</span>}
      </span>
      <time class="section-note" dateTime={at} title={fullTime(at)}>
        {ago(at)}
      </time>
    </li>
  );
}
