// JSON merge patch, RFC 7396. What a patch does not touch stays the very same object, so that views can tell by
// identity what has not changed.

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/** `target` with `patch` applied; neither is changed. */
export function merged(target, patch) {
  if (!isObject(patch)) return patch;
  const result = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merged(result[key], value);
  }
  return result;
}
