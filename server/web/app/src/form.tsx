import { createContext, type ComponentChildren, type TargetedSubmitEvent } from "preact";
import { useContext, useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "./icons";
import type { Problem } from "./problem";
import { useReauthentication } from "./reauthentication";
import { settings } from "./settings";
import { strength } from "./strength";

/** What a submission leaves behind: words of success, or a problem. Nothing when the view has moved on. */
export type Outcome = { success: string } | { problem: Problem } | void;

type Values = (name: string) => string;

interface FormState {
  id: string;
  pending: boolean;
  fieldProblems: Record<string, string>;
  clear: (name: string) => void;
}

const FormContext = createContext<FormState>({ id: "", pending: false, fieldProblems: {}, clear: () => {} });

interface FormProps {
  id: string;
  submit: (value: Values, form: HTMLFormElement) => Promise<Outcome>;
  /** Which of the form's fields shows a problem of each kind; other problems are shown under the form. */
  problemFields?: Partial<Record<NonNullable<Problem["field"]>, string>>;
  children: ComponentChildren;
  actions: ComponentChildren;
}

/**
 * A form that the API answers. It never leaves the page; method="post" is there
 * so that no accident can ever put a password into a URL.
 */
export function Form({ id, submit, problemFields = {}, children, actions }: FormProps) {
  const form = useRef<HTMLFormElement>(null);
  const [pending, setPending] = useState(false);
  const [fieldProblems, setFieldProblems] = useState<Record<string, string>>({});
  const [outcome, setOutcome] = useState<Outcome>();
  const mounted = useRef(true);
  useEffect(() => () => void (mounted.current = false), []);

  const showFieldProblems = (problems: Record<string, string>) => {
    setFieldProblems(problems);
    const first = Object.keys(problems)[0];
    if (first) control(form.current!, first)?.focus();
  };

  const onSubmit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (pending) return;
    const target = event.currentTarget;
    setOutcome(undefined);
    const invalid = check(target);
    showFieldProblems(invalid);
    if (Object.keys(invalid).length > 0) return;

    const data = new FormData(target);
    setPending(true);
    const result = await submit((name) => String(data.get(name) ?? ""), target);
    if (!mounted.current) return;
    setPending(false);
    const field = result && "problem" in result && result.problem.field && problemFields[result.problem.field];
    if (field) showFieldProblems({ [field]: result.problem.text });
    else setOutcome(result);
  };

  const clear = (name: string) => {
    if (!(name in fieldProblems)) return;
    const { [name]: _, ...rest } = fieldProblems;
    setFieldProblems(rest);
  };

  return (
    <FormContext.Provider value={{ id, pending, fieldProblems, clear }}>
      <form ref={form} id={id} class="form" method="post" noValidate aria-busy={pending} onSubmit={onSubmit}>
        {children}
        <div class="form-end">
          <Message id={`${id}-message`} outcome={outcome} />
          <div class="actions">{actions}</div>
        </div>
      </form>
    </FormContext.Provider>
  );
}

/** The live region of a form: it is always there, so that screen readers notice when it gets a text. */
export function Message({ id, outcome }: { id: string; outcome: Outcome }) {
  const reauthenticate = useReauthentication();
  const problem = outcome && "problem" in outcome ? outcome.problem : undefined;
  const stale = problem?.code === "SESSION_NOT_FRESH" || problem?.code === "SESSION_EXPIRED";
  return (
    <div id={id} class="message" role="status" aria-live="polite" data-kind={problem ? "problem" : outcome ? "success" : undefined}>
      {outcome && (
        <p>
          <Icon name={problem ? "problem" : "success"} />
          <span>{problem ? problem.text : (outcome as { success: string }).success}</span>
        </p>
      )}
      {stale && reauthenticate && (
        <button id={`${id}-sign-in-again`} class="button" type="button" onClick={() => reauthenticate()}>
          Sign in again
        </button>
      )}
    </div>
  );
}

function control(form: HTMLFormElement, name: string): HTMLInputElement | null {
  const element = form.elements.namedItem(name);
  return element instanceof HTMLInputElement ? element : null;
}

/** Uses the browser's own constraints, but says what is wrong beside the field instead of in a bubble. */
function check(form: HTMLFormElement): Record<string, string> {
  const problems: Record<string, string> = {};
  for (const element of form.elements) {
    if (!(element instanceof HTMLInputElement) || !element.name) continue;
    const text = complaint(element);
    if (text) problems[element.name] = text;
  }
  return problems;
}

function complaint(input: HTMLInputElement): string | undefined {
  const label = input.labels?.[0]?.textContent?.trim().toLowerCase() ?? "a value";
  // Spaces are not a name, but they may be a password.
  const empty = input.type === "password" ? input.value === "" : input.value.trim() === "";
  if (input.required && empty) return input.dataset.missing ?? `Enter your ${label}.`;
  const { validity, value } = input;
  if (validity.typeMismatch && input.type === "email") return "Enter an e-mail address, like name@example.com.";
  if (validity.typeMismatch) return "Enter a full address, like https://example.com/me.jpg.";
  if (input.minLength > 0 && value.length < input.minLength) return `Use at least ${input.minLength} characters.`;
  if (validity.patternMismatch) return input.title;
  return undefined;
}

interface FieldProps {
  name: string;
  label: string;
  type?: "text" | "email" | "url";
  value?: string;
  autoComplete?: string;
  required?: boolean;
  hint?: ComponentChildren;
  pattern?: string;
  /** What to say when a required field is empty; "Enter your <label>." when absent. */
  missing?: string;
  /** What to say when the pattern does not match. */
  mismatch?: string;
  placeholder?: string;
  onValue?: (value: string) => void;
}

export function Field({ name, label, type = "text", value, hint, missing, mismatch, onValue, ...rest }: FieldProps) {
  const form = useContext(FormContext);
  const id = `${form.id}-${name}`;
  const problem = form.fieldProblems[name];
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        {...rest}
        id={id}
        name={name}
        // The typings of JSX want one literal type, not a choice.
        type={type as "text"}
        defaultValue={value}
        title={mismatch}
        data-missing={missing}
        spellcheck={type === "text" ? undefined : false}
        autoCapitalize={type === "text" ? undefined : "none"}
        aria-invalid={problem ? true : undefined}
        aria-describedby={described(id, hint, problem)}
        onInput={(event) => {
          form.clear(name);
          onValue?.(event.currentTarget.value);
        }}
      />
      <FieldNotes id={id} hint={hint} problem={problem} />
    </div>
  );
}

function described(id: string, hint: ComponentChildren, problem: string | undefined): string | undefined {
  return [problem && `${id}-problem`, hint && `${id}-hint`].filter(Boolean).join(" ") || undefined;
}

function FieldNotes({ id, hint, problem }: { id: string; hint: ComponentChildren; problem: string | undefined }) {
  return (
    <>
      <div id={`${id}-problem`} class="field-problem" aria-live="polite">
        {problem && (
          <>
            <Icon name="problem" />
            <span>{problem}</span>
          </>
        )}
      </div>
      {hint && (
        <div id={`${id}-hint`} class="field-hint">
          {hint}
        </div>
      )}
    </>
  );
}

interface PasswordFieldProps {
  name: string;
  label: string;
  /** "new" also shows how strong the password is and enforces the length. */
  kind: "current" | "new";
  /** Words that a good password does not contain, read when the password changes. */
  personal?: () => readonly string[];
  /** A link beside the label. */
  aside?: ComponentChildren;
}

export function PasswordField({ name, label, kind, personal, aside }: PasswordFieldProps) {
  const form = useContext(FormContext);
  const [shown, setShown] = useState(false);
  const [value, setValue] = useState("");
  const id = `${form.id}-${name}`;
  const problem = form.fieldProblems[name];
  const rating = kind === "new" ? strength(value, settings.minPasswordLength, personal?.()) : undefined;
  const hint = rating && <StrengthHint id={id} {...rating} />;

  // Password managers only offer to save what is a password field when the form is sent.
  useEffect(() => {
    if (form.pending) setShown(false);
  }, [form.pending]);

  return (
    <div class="field">
      <div class="field-head">
        <label for={id}>{label}</label>
        {aside}
      </div>
      <div class="password">
        <input
          id={id}
          name={name}
          type={(shown ? "text" : "password") as "password"}
          required
          data-missing={kind === "new" ? "Choose a password." : "Enter your password."}
          autoComplete={kind === "new" ? "new-password" : "current-password"}
          autoCapitalize="none"
          spellcheck={false}
          minLength={kind === "new" ? settings.minPasswordLength : undefined}
          maxLength={settings.maxPasswordLength}
          aria-invalid={problem ? true : undefined}
          aria-describedby={described(id, hint, problem)}
          onInput={(event) => {
            form.clear(name);
            setValue(event.currentTarget.value);
          }}
        />
        <button
          id={`${id}-show`}
          type="button"
          class="password-show"
          aria-pressed={shown}
          aria-controls={id}
          aria-label={`Show ${label.toLowerCase()}`}
          title={shown ? "Hide" : "Show"}
          onClick={() => setShown(!shown)}
        >
          <Icon name={shown ? "hide" : "show"} />
        </button>
      </div>
      <FieldNotes id={id} hint={hint} problem={problem} />
    </div>
  );
}

function StrengthHint({ id, score, hint }: { id: string; score: number; hint: string }) {
  return (
    <span class="strength" data-score={score} data-testid="password-strength">
      <span class="strength-bars" aria-hidden="true">
        <i />
        <i />
        <i />
        <i />
      </span>
      <span id={`${id}-strength`} aria-live="polite">
        {hint}
      </span>
    </span>
  );
}

interface CheckboxProps {
  name: string;
  label: string;
  checked?: boolean;
}

export function Checkbox({ name, label, checked }: CheckboxProps) {
  const { id } = useContext(FormContext);
  return (
    <label class="checkbox" for={`${id}-${name}`}>
      <input id={`${id}-${name}`} name={name} type="checkbox" value="true" defaultChecked={checked} />
      <span>{label}</span>
    </label>
  );
}

interface SubmitProps {
  children: ComponentChildren;
  kind?: "primary" | "danger";
}

/** The form's button. It stays focusable while the form is under way. */
export function Submit({ children, kind = "primary" }: SubmitProps) {
  const { id, pending } = useContext(FormContext);
  return (
    <button id={`${id}-submit`} type="submit" class={`button ${kind}`} aria-disabled={pending || undefined}>
      {pending && <span class="spinner" aria-hidden="true" />}
      {children}
    </button>
  );
}
