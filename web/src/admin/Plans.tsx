import { a } from "../strings/admin";
import { s } from "../strings/settings";
import { Field } from "../ui/Field";
import { FormError } from "../ui/FormError";
import { showToast } from "../ui/toasts";
import { useForm } from "../ui/useForm";
import { admin, type Plan } from "./api";
import { useAnswer } from "./useAnswer";
import { Waiting } from "./Waiting";

export function Plans() {
  const { value: plans, problem, again } = useAnswer(admin.plans);
  return (
    <>
      <div class="section-block">
        <p class="section-text">{a.plans.text}</p>
      </div>
      {plans ? (
        plans.map((plan) => <PlanForm key={plan.name} plan={plan} />)
      ) : (
        <Waiting problem={problem} onRetry={again} />
      )}
    </>
  );
}

/** The server's bounds. */
const LIMITS = { requests_per_minute: [1, 1_000_000], tokens_per_day: [0, 10 ** 12] } as const;
type Numbers = keyof typeof LIMITS;

function check(values: Record<Numbers, string>): Record<string, string> {
  const wrong = (name: Numbers) => {
    const [least, most] = LIMITS[name];
    const value = Number(values[name]);
    return /^\d+$/.test(values[name].trim()) && value >= least && value <= most
      ? {}
      : { [name]: a.plans.wrong(least.toLocaleString(), most.toLocaleString()) };
  };
  return { ...wrong("requests_per_minute"), ...wrong("tokens_per_day") };
}

function PlanForm({ plan }: { plan: Plan }) {
  const start = {
    requests_per_minute: String(plan.requests_per_minute),
    tokens_per_day: String(plan.tokens_per_day),
  };
  const { values, set, errors, general, busy, submit } = useForm(
    start,
    async ({ requests_per_minute, tokens_per_day }) => {
      await admin.updatePlan(plan.name, {
        requests_per_minute: Number(requests_per_minute),
        tokens_per_day: Number(tokens_per_day),
      });
      showToast(s.saved);
    },
    check,
  );
  const field = (name: Numbers) => (
    <Field
      label={a.plans[name]}
      name={name}
      value={values[name]}
      onInput={set(name)}
      error={errors[name]}
      input={{ inputMode: "numeric", autocomplete: "off" }}
      testId={`plan-${plan.name}-${name}`}
    />
  );
  return (
    <form
      class="form section-block"
      onSubmit={submit}
      noValidate
      aria-label={plan.name}
      data-testid={`plan-${plan.name}`}
    >
      <h3>{plan.name}</h3>
      <FormError text={general} />
      <div class="filters">
        {field("requests_per_minute")}
        {field("tokens_per_day")}
      </div>
      <button
        type="submit"
        class="button section-start"
        disabled={busy}
        data-testid={`save-plan-${plan.name}`}
      >
        {s.save}
      </button>
    </form>
  );
}
