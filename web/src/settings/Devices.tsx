import type { DeviceSession } from "../client";
import { client } from "../state/client";
import { openDialog } from "../state/dialogs";
import { attempt } from "../state/errors";
import { usePages } from "../state/pages";
import { s } from "../strings/settings";
import { ago, fullTime } from "../time/format";
import { Block } from "../ui/Block";
import { Icon } from "../ui/Icon";
import { PagedList } from "../ui/PagedList";
import { showToast } from "../ui/toasts";
import { deviceIcon, deviceName } from "./device";
import { askThenSignOutEverywhere } from "./signOut";

export function Devices() {
  const pages = usePages((cursor) => client.account.sessions(cursor));
  const ordered = pages.items && [...pages.items].sort((a, b) => Number(b.current) - Number(a.current));
  return (
    <>
      <Block text={s.devices.text}>
        <PagedList
          pages={{ ...pages, items: ordered }}
          none=""
          testId="devices"
          row={(device) => <DeviceRow key={device.id} device={device} onGone={pages.reload} />}
        />
      </Block>
      <Block>
        <div class="section-actions">
          {pages.items?.some(({ current }) => !current) && (
            <button
              type="button"
              class="button"
              onClick={() => askThenEndOthers(pages.reload)}
              data-testid="sign-out-others"
            >
              {s.devices.others}
            </button>
          )}
          <button
            type="button"
            class="button button-danger-quiet"
            onClick={askThenSignOutEverywhere}
            data-testid="sign-out-everywhere"
          >
            {s.devices.all}
          </button>
        </div>
      </Block>
    </>
  );
}

function DeviceRow({ device, onGone }: { device: DeviceSession; onGone: () => void }) {
  const { id, user_agent, address, created_at, last_used_at, current } = device;
  const name = deviceName(user_agent);
  const end = async () => {
    if (await attempt(() => client.account.endSession(id))) showToast(s.devices.signedOut);
    onGone();
  };
  const ask = () =>
    openDialog({
      kind: "confirm",
      title: s.devices.signOutTitle(name),
      text: s.devices.signOutText,
      action: s.devices.signOut,
      run: end,
    });
  return (
    <li class="section-row" data-testid="device" data-current={current}>
      <span class="section-sign">
        <Icon name={deviceIcon(user_agent)} />
      </span>
      <span class="section-row-text">
        <span class="section-row-title">
          <bdi>{name}</bdi>
          {current && <span class="tag tag-good">{s.devices.current}</span>}
        </span>
        <span class="section-note">
          <time dateTime={last_used_at} title={fullTime(last_used_at)}>
            {current ? s.devices.activeNow : s.devices.lastUsed(ago(last_used_at))}
          </time>
          {address && <> · {address}</>}
        </span>
        <span class="section-note">
          <time dateTime={created_at} title={fullTime(created_at)}>
            {s.devices.since(ago(created_at))}
          </time>
        </span>
      </span>
      {!current && (
        <button
          type="button"
          class="button button-small"
          aria-label={s.devices.signOutLabel(name)}
          onClick={ask}
          data-testid="end-device"
        >
          {s.devices.signOut}
        </button>
      )}
    </li>
  );
}

function askThenEndOthers(onGone: () => void): void {
  const run = async () => {
    if (await attempt(endOthers)) showToast(s.devices.othersDone);
    onGone();
  };
  openDialog({
    kind: "confirm",
    title: s.devices.othersTitle,
    text: s.devices.othersText,
    action: s.devices.others,
    run,
  });
}

/** Asked anew each time: others may have come or gone since the list was read. */
async function endOthers(): Promise<void> {
  let cursor: string | undefined;
  const others: DeviceSession[] = [];
  do {
    const page = await client.account.sessions(cursor);
    others.push(...page.items.filter(({ current }) => !current));
    cursor = page.next_cursor ?? undefined;
  } while (cursor && others.length < 1_000);
  for (const { id } of others) await client.account.endSession(id);
}
