import type { ComponentChildren, TargetedMouseEvent } from "preact";
import { useEffect, useState } from "preact/hooks";

/** A line that one view leaves for the next, such as "signed-out" for the sign-in view. */
export type Notice = "signed-out" | "deleted" | "created" | "password-set";

interface Entry {
  notice?: Notice;
  email?: string;
  token?: string;
}

export interface Route {
  path: string;
  query: URLSearchParams;
  entry: Entry;
  /** True when the reader came here by a link of the page, not by loading it. */
  moved: boolean;
}

const changed = "ostiary:navigate";

function here(moved: boolean): Route {
  const { pathname, search } = window.location;
  const entry = (window.history.state ?? {}) as Entry;
  return { path: pathname, query: new URLSearchParams(search), entry, moved };
}

export function navigate(to: string, entry: Entry = {}, options: { replace?: boolean } = {}): void {
  if (options.replace) window.history.replaceState(entry, "", to);
  else window.history.pushState(entry, "", to);
  window.dispatchEvent(new Event(changed));
}

/**
 * Takes a one-time token out of the address bar, and so out of the history list
 * and of anything pasted from it. It stays with the history entry, so that a
 * reload still works.
 */
export function concealToken(token: string): void {
  window.history.replaceState({ token } satisfies Entry, "", window.location.pathname);
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => here(false));
  useEffect(() => {
    const update = () => setRoute(here(true));
    window.addEventListener("popstate", update);
    window.addEventListener(changed, update);
    return () => {
      window.removeEventListener("popstate", update);
      window.removeEventListener(changed, update);
    };
  }, []);
  return route;
}

interface LinkProps {
  to: string;
  id: string;
  entry?: Entry;
  class?: string;
  children: ComponentChildren;
}

/** A link within the page. New tabs, downloads and middle clicks stay the browser's. */
export function Link({ to, entry, children, ...rest }: LinkProps) {
  const follow = (event: TargetedMouseEvent<HTMLAnchorElement>) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to, entry);
  };
  return (
    <a {...rest} href={to} onClick={follow}>
      {children}
    </a>
  );
}

/** Goes elsewhere without leaving this view in the history. */
export function Redirect({ to, entry }: { to: string; entry?: Entry }) {
  useEffect(() => navigate(to, entry, { replace: true }), [to]);
  return null;
}
