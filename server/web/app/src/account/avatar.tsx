import { useEffect, useState } from "preact/hooks";

/** The user's picture, or their initials where there is none or it cannot be loaded. */
export function Avatar({ name, image }: { name: string; image: string | null | undefined }) {
  const [broken, setBroken] = useState(false);
  useEffect(() => setBroken(false), [image]);
  if (image && !broken) {
    return <img id="avatar" class="avatar" src={image} alt="" width="56" height="56" onError={() => setBroken(true)} />;
  }
  return (
    <span id="avatar" class="avatar" aria-hidden="true">
      {initials(name)}
    </span>
  );
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const first = firstLetter(words[0]);
  const last = words.length > 1 ? firstLetter(words[words.length - 1]) : "";
  return (first + last).toUpperCase() || "?";
}

/** By code point: half a surrogate pair is not a letter. */
function firstLetter(word: string | undefined): string {
  return word ? (Array.from(word)[0] ?? "") : "";
}
