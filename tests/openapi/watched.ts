// fetch() through Prism's validating proxy: fails on an answer that openapi.yaml does not describe, and on a request that it forbids
// and the shop took. Prism names each violation in a header of the answer.
import assert from "node:assert/strict";

interface Violation {
    location: string[];
    message: string;
}

/** The violations of an answer that matter: a request that was refused may be wrong. */
function violations(response: Response): Violation[] {
    const header = response.headers.get("sl-violations");
    const all = header === null ? [] : (JSON.parse(header) as Violation[]);
    return all.filter(({ location }) => location[0] === "response" || response.ok);
}

export async function watched(request: Request): Promise<Response> {
    const response = await fetch(request);
    assert.deepEqual(violations(response), [], `${request.method} ${request.url}`);
    assert.ok(response.headers.has("X-Request-Id"), `${request.method} ${request.url}: not answered by the shop`);
    return response;
}
