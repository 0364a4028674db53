import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import mark from "./icon.svg";
import { Icon } from "./icons";
import { settings } from "./settings";

export function Brand() {
  return (
    <span class="brand">
      <img src={mark} alt="" width="28" height="28" />
      <span class="brand-name">{settings.appName}</span>
    </span>
  );
}

interface ViewProps {
  title: string;
  /** Whether the reader came from another view, so that the heading should get the focus. */
  focus?: boolean;
}

/** The view's heading; it also names the window, and tells screen readers that the view has changed. */
export function Heading({ title, focus }: ViewProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · ${settings.appName}`;
    if (!focus) return;
    window.scrollTo(0, 0);
    heading.current?.focus({ preventScroll: true });
  }, [title]);
  return (
    <h1 id="title" ref={heading} tabIndex={-1}>
      {title}
    </h1>
  );
}

interface CardViewProps extends ViewProps {
  lead?: ComponentChildren;
  children?: ComponentChildren;
  /** The way elsewhere, below the card. */
  footer?: ComponentChildren;
}

/** A view with one thing to do: a card in the middle of the page. */
export function CardView({ title, focus, lead, children, footer }: CardViewProps) {
  return (
    <div class="card-view">
      <header>
        <Brand />
      </header>
      <main class="card">
        <Heading title={title} focus={focus} />
        {lead && <p class="lead">{lead}</p>}
        {children}
      </main>
      {footer && <footer class="card-footer">{footer}</footer>}
    </div>
  );
}

/** Where mails go while developing. */
export function DevMailHint() {
  if (!settings.devMail) return null;
  return (
    <p class="dev-hint" data-testid="dev-mail-hint">
      <Icon name="terminal" />
      <span>Development mode: no mail is sent. The link was printed in the server’s terminal.</span>
    </p>
  );
}

/** Shown while it is not yet known who is signed in. The style sheet delays it, so that it never flashes. */
export function Waiting() {
  return (
    <div class="waiting" role="status">
      <span class="spinner" aria-hidden="true" />
      <span class="visually-hidden">Loading</span>
    </div>
  );
}
