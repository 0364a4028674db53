const paths = {
  problem: "M8 5v3.5M8 11h.01M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5Z",
  success: "m5 8.25 2 2 4-4.25M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5Z",
  show: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8ZM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z",
  hide: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8ZM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM2.5 13.5l11-11",
  mail: "M2 4.5c0-.55.45-1 1-1h10c.55 0 1 .45 1 1v7c0 .55-.45 1-1 1H3c-.55 0-1-.45-1-1v-7ZM2.25 5 8 9l5.75-4",
  desktop: "M2.5 3h11c.55 0 1 .45 1 1v6c0 .55-.45 1-1 1h-11c-.55 0-1-.45-1-1V4c0-.55.45-1 1-1ZM5.5 13.5h5M8 11v2.5",
  mobile: "M5 1.75h6c.55 0 1 .45 1 1v10.5c0 .55-.45 1-1 1H5c-.55 0-1-.45-1-1V2.75c0-.55.45-1 1-1ZM7.25 12h1.5",
  terminal: "M2.5 2.5h11c.55 0 1 .45 1 1v9c0 .55-.45 1-1 1h-11c-.55 0-1-.45-1-1v-9c0-.55.45-1 1-1ZM4.5 6l2 2-2 2M8.5 10.5h3",
} as const;

/** A decorative drawing: the words beside it say the same. */
export function Icon({ name }: { name: keyof typeof paths }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
