/** The mark: a sphere with its horizon, and the tail of a speech bubble. */
export function Logo({ class: name }: { class?: string }) {
  return (
    <svg class={name} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path
        class="logo-body"
        d="M16 3.5a12.5 12.5 0 1 1-5.7 23.63L4.6 28.4a.9.9 0 0 1-1.06-1.1l1.5-5.5A12.5 12.5 0 0 1 16 3.5Z"
      />
      <path class="logo-horizon" d="M7.5 14.2c2.3 2.7 5.2 4 8.5 4s6.2-1.3 8.5-4" />
      <circle class="logo-star" cx="20.8" cy="10.2" r="1.9" />
    </svg>
  );
}
