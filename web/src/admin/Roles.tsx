import { a } from "../strings/admin";
import { s } from "../strings/settings";
import { Icon } from "../ui/Icon";
import { admin, type Role } from "./api";
import { useAnswer } from "./useAnswer";
import { Waiting } from "./Waiting";

/** Which role may do what; the table is part of the server. */
export function Roles() {
  const { value: roles, problem, again } = useAnswer(admin.roles);
  return (
    <div class="section-block">
      <p class="section-text">{a.roles.text}</p>
      {roles ? <Table roles={roles} /> : <Waiting problem={problem} onRetry={again} />}
    </div>
  );
}

function Table({ roles }: { roles: readonly Role[] }) {
  const permissions = [...new Set(roles.flatMap((role) => role.permissions))];
  const known = Object.keys(a.roles.permissions);
  permissions.sort((one, other) => known.indexOf(one) - known.indexOf(other));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways on a phone, with the keyboard too.
    <section class="table-scroller" tabIndex={0} aria-label={a.roles.permission}>
      <table class="roles" data-testid="roles">
        <thead>
          <tr>
            <th scope="col">{a.roles.permission}</th>
            {roles.map(({ role }) => (
              <th key={role} scope="col">
                {s.roles[role] ?? role}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {permissions.map((permission) => (
            <tr key={permission}>
              <th scope="row">{a.roles.permissions[permission] ?? permission}</th>
              {roles.map(({ role, permissions: held }) => (
                <td key={role}>{held.includes(permission) && <Yes />}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Yes() {
  return (
    <>
      <Icon name="check" />
      <span class="visually-hidden">{a.roles.yes}</span>
    </>
  );
}
