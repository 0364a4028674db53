import type { ComponentChildren } from "preact";

interface Props {
  id: string;
  title: string;
  text: ComponentChildren;
  danger?: boolean;
  children: ComponentChildren;
}

/** One subject of the account page: what it is on the left, what to do on the right. */
export function Section({ id, title, text, danger, children }: Props) {
  return (
    <section id={id} class="section" aria-labelledby={`${id}-title`}>
      <div class="section-about">
        <h2 id={`${id}-title`}>{title}</h2>
        <p>{text}</p>
      </div>
      <div class={danger ? "panel danger" : "panel"}>{children}</div>
    </section>
  );
}
