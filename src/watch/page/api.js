/* Asking the run (openapi.json), and doing so no faster than it answers. */

export async function ask(path) {
    const response = await fetch(path);
    if (response.status === 401) throw new Error("this page needs its token: open /?token=…");
    if (!response.ok) throw new Error((await response.text()).trim());
    return response;
}
export const askJson = async (path) => (await ask(path)).json();

/* One task of a kind at a time; of those asked for meanwhile, the newest follows. */
export function latest(task) {
    let busy = false, again = false;
    return async function go() {
        if (busy) { again = true; return; }
        busy = true;
        do {
            again = false;
            try { await task(); } catch (error) { if (error.name !== "TypeError") console.warn(error); }
        } while (again);
        busy = false;
    };
}
