import { useState } from "preact/hooks";
import type { User } from "../client";
import { nameOf } from "../conversations/naming";
import { t } from "../strings";
import { Icon } from "../ui/Icon";
import { PeopleResults } from "./PeopleResults";
import { SearchPeople } from "./SearchPeople";
import { usePeople } from "./usePeople";

interface PickerProps {
  chosen: readonly User[];
  onChange: (chosen: User[]) => void;
  exclude?: readonly string[];
  focus?: boolean;
}

/** Search and choose several people; the chosen ones stand above as removable tags. */
export function PeoplePicker({ chosen, onChange, exclude, focus = false }: PickerProps) {
  const [q, setQ] = useState("");
  const found = usePeople(q, exclude);
  const toggle = (user: User) => {
    const others = chosen.filter(({ id }) => id !== user.id);
    onChange(others.length < chosen.length ? others : [...chosen, user]);
  };
  return (
    <div class="people-picker">
      {chosen.length > 0 && (
        <ul class="chosen" aria-label={t.create.chosen(chosen.length)}>
          {chosen.map((user) => (
            <li key={user.id}>
              <button
                type="button"
                class="chosen-tag"
                onClick={() => toggle(user)}
                aria-label={t.create.removePerson(nameOf(user))}
              >
                <bdi>{nameOf(user)}</bdi>
                <Icon name="close" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <SearchPeople q={q} onInput={setQ} focus={focus} />
      <PeopleResults {...found} q={q} chosen={chosen} onPick={toggle} />
    </div>
  );
}
