import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface Props {
  id: string;
  title: string;
  open: boolean;
  close: () => void;
  children: ComponentChildren;
}

/** The browser's modal dialog: focus stays inside, Escape closes, and the focus returns afterwards. */
export function Dialog({ id, title, open, close, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open) dialog.current!.showModal();
    else dialog.current!.close();
  }, [open]);
  return (
    <dialog id={id} ref={dialog} class="dialog" aria-labelledby={`${id}-title`} onClose={close}>
      {open && (
        <div class="dialog-body">
          <h2 id={`${id}-title`}>{title}</h2>
          {children}
        </div>
      )}
    </dialog>
  );
}
