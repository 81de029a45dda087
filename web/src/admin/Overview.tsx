import { a } from "../strings/admin";
import { FormError } from "../ui/FormError";
import { admin } from "./api";
import { useAnswer } from "./useAnswer";
import { Waiting } from "./Waiting";

const EVERY_MS = 10_000;
const NUMBERS = ["users", "online", "connections", "conversations", "messages"] as const;

/** Numbers of the server as they are now. */
export function Overview() {
  const { value, problem, again } = useAnswer(admin.stats, EVERY_MS);
  if (!value) return <Waiting problem={problem} onRetry={again} />;
  return (
    <>
      <FormError text={problem} />
      <dl class="figures" data-testid="figures">
        {NUMBERS.map((name) => (
          <div key={name} data-testid={`figure-${name}`}>
            <dt>{a.overview[name].label}</dt>
            <dd>{value[name]?.toLocaleString() ?? "–"}</dd>
            <dd class="section-note">{a.overview[name].note}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
