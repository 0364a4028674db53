export interface Device {
  name: string;
  mobile: boolean;
}

// Order matters: nearly every browser also claims to be the ones further down.
const browsers: readonly [RegExp, string][] = [
  [/\bEdg(?:e|A|iOS)?\//, "Edge"],
  [/\b(?:OPR|Opera)\//, "Opera"],
  [/\bSamsungBrowser\//, "Samsung Internet"],
  [/\bVivaldi\//, "Vivaldi"],
  [/\b(?:Firefox|FxiOS)\//, "Firefox"],
  [/\bHeadlessChrome\//, "Chrome (headless)"],
  [/\b(?:Chrome|CriOS|Chromium)\//, "Chrome"],
  [/\bVersion\/[\d.]+.*\bSafari\//, "Safari"],
];

const systems: readonly [RegExp, string, boolean][] = [
  [/\biPhone\b/, "iPhone", true],
  [/\biPad\b/, "iPad", true],
  [/\bAndroid\b/, "Android", true],
  [/\bCrOS\b/, "ChromeOS", false],
  [/\bWindows\b/, "Windows", false],
  [/\bMac OS X\b|\bMacintosh\b/, "macOS", false],
  [/\bLinux\b|\bX11\b/, "Linux", false],
];

/** Sums up a User-Agent header for the list of sessions. The header is whatever the client sent. */
export function device(userAgent: string | null | undefined): Device {
  if (!userAgent) return { name: "Unknown device", mobile: false };
  const browser = browsers.find(([pattern]) => pattern.test(userAgent))?.[1];
  const system = systems.find(([pattern]) => pattern.test(userAgent));
  const mobile = system?.[2] ?? false;
  if (browser && system) return { name: `${browser} on ${system[1]}`, mobile };
  if (browser || system) return { name: browser ?? system![1], mobile };
  return { name: product(userAgent), mobile };
}

/** The first product name, such as "curl" of "curl/8.5.0": programs are users too. */
function product(userAgent: string): string {
  const name = userAgent.split(/[\s/(;]/, 1)[0] ?? "";
  return name === "" ? "Unknown device" : name.slice(0, 40);
}
