// Requests to PerpBot. Errors are problem+json (RFC 9457); what they say is shown to the operator as it is.

import { t } from "../words/index.js";
import { told } from "../words/told.js";
import { session, signOut } from "./session.js";

export class ApiError extends Error {
  constructor(status, problem) {
    super(told(problem.detail) || problem.title || `HTTP ${status}`);
    this.status = status;
    this.problem = problem;
  }
}

/** The decoded answer to `method` at `path`. Throws ApiError, also where nobody answers (status 0). */
export async function call(method, path, body) {
  const headers = { Accept: "application/json" };
  if (session.value) headers.Authorization = `Bearer ${session.value.token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch (error) {
    throw new ApiError(0, { title: error.message, detail: t("api.nobody") });
  }
  const text = await response.text();
  const answer = text && response.headers.get("Content-Type")?.includes("json") ? JSON.parse(text) : text;
  if (response.ok) return answer;
  if (response.status === 401 && session.value) signOut("expired");
  throw new ApiError(response.status, typeof answer === "object" ? answer : { title: response.statusText });
}

export const get = (path) => call("GET", path);
export const post = (path, body = {}) => call("POST", path, body);
export const patch = (path, body) => call("PATCH", path, body);
