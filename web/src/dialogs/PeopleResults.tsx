import type { User } from "../client";
import { faceOf, nameOf } from "../conversations/naming";
import { useMay } from "../state/client";
import { t } from "../strings";
import { Avatar } from "../ui/Avatar";
import { Icon } from "../ui/Icon";
import type { People } from "./usePeople";

interface ResultsProps extends People {
  q: string;
  chosen?: readonly User[];
  onPick: (user: User) => void;
}

/** As tall while it loads as with people in it, so that nothing below moves under a pointer. */
export function PeopleResults(props: ResultsProps) {
  return (
    <div class="people-results">
      <Results {...props} />
    </div>
  );
}

function Results({ people, problem, q, chosen, onPick }: ResultsProps) {
  const findsAll = useMay("people.find");
  const nobody = findsAll ? t.create.noPeople : t.create.noContacts;
  if (problem) {
    return (
      <p class="form-error" role="alert">
        {problem}
      </p>
    );
  }
  if (!people) return <div class="skeleton skeleton-member" />;
  if (people.length === 0) return <p class="people-none">{q.trim() ? t.create.noMatch(q.trim()) : nobody}</p>;
  return (
    <ul class="people" data-testid="people">
      {people.map((user) => {
        const picked = chosen?.some(({ id }) => id === user.id);
        return (
          <li key={user.id}>
            <button
              type="button"
              class="person"
              aria-pressed={chosen ? picked : undefined}
              onClick={() => onPick(user)}
              data-testid="person"
              data-username={user.username}
            >
              <Avatar {...faceOf(user)} size="s" />
              <span class="person-name">
                <bdi class="truncate">{nameOf(user)}</bdi>
                <bdi class="details-note truncate">@{user.username}</bdi>
              </span>
              {chosen && <span class="person-check">{picked && <Icon name="check" />}</span>}
            </button>
          </li>
        );
      })}
    </ul>
  );
}
