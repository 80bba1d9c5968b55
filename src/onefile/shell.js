// SPDX-License-Identifier: ISC
// The one-file page: corscheck in WebAssembly takes the place of the server of
// the analyzer page. What a form or a link of the page would send goes to it, and
// the HTML that comes back replaces the document. Nothing leaves the browser.
//
// tools/one-file puts system.js, zip.js and the text of tools.html (toolsHtml) in
// front of this.
"use strict";

(async () => {
	const decoder = new TextDecoder();
	const say = text => {
		const p = document.createElement("p");
		p.textContent = text;
		document.body.replaceChildren(p);
	};

	// ---- the program ----

	const load = async () => {
		const packed = document.getElementById("program").textContent;
		const bytes = Uint8Array.from(atob(packed), c => c.charCodeAt(0));
		const stream = new Blob([bytes]).stream()
			.pipeThrough(new DecompressionStream("gzip"));
		return WebAssembly.compile(await new Response(stream).arrayBuffer());
	};
	let module;
	try {
		module = await load();
	} catch (error) {
		say("This page needs WebAssembly and DecompressionStream, which "
			+ "browsers have since 2023. (" + error.message + ")");
		return;
	}

	// For the console too: await corscheck(["lint", "-"], "[cors] ...").
	const corscheck = (args, input = "", files = {}) =>
		runCorscheck(module, {args, input, files});

	// ---- the analyzer page ----

	// The response of a web server with CGI (RFC 3875).
	const respond = async (method, query, body = "") => {
		const run = await runCorscheck(module, {input: body, env: {
			CORSCHECK_ONE_FILE: "1", REQUEST_METHOD: method,
			QUERY_STRING: query, CONTENT_LENGTH: String(body.length),
			CONTENT_TYPE: "application/x-www-form-urlencoded"}});
		const text = decoder.decode(run.stdout);
		const end = text.indexOf("\r\n\r\n");
		const headers = new Headers(text.slice(0, end).split("\r\n")
			.map(line => line.split(/: (.*)/).slice(0, 2)));
		const status = parseInt(headers.get("Status") || "500", 10);
		headers.delete("Status");
		return {status, headers, text: text.slice(end + 4),
			approximate: run.approximate};
	};

	const note = "<p class=\"warning\">An expression of the policy "
		+ "(<code>origins-regex</code>) was tried with this browser&#39;s "
		+ "RegExp, not with PCRE2 as on the server: what is said about it "
		+ "is approximate.</p>\n";
	const links = "<li><a href=\"#files\">Files to upload</a></li>\n"
		+ "<li><a href=\"#command\">Command line</a></li>\n";
	const show = response => {
		if (!/^text\/html/.test(response.headers.get("Content-Type"))) {
			say(response.text);
			return;
		}
		let html = response.text
			.replace("</main>", () => toolsHtml + "</main>")
			.replace(/(?=<\/ul><\/nav>)/, links);
		if (response.approximate)
			html = html.replace(/<main[^>]*>/, all => all + note);
		// As a navigation would: with its title, its scripts run, and the
		// listeners of the page before gone. This document's CSP stays.
		document.open();
		document.write(html);
		document.close();
		listen();
	};
	const goTo = hash => {
		const target = hash && document.getElementById(hash.slice(1));
		if (target)
			target.scrollIntoView();
	};
	const bare = url => url.protocol + url.host + url.pathname;
	const isHere = url => bare(url) === bare(location);

	// A form's line ends, as browsers send them (HTML, 4.10.21.8).
	const encode = data => new URLSearchParams([...data].map(pair =>
		pair.map(text => String(text).replace(/\r\n?|\n/g, "\r\n"))))
		.toString();

	const submit = async event => {
		const form = event.target;
		if (event.defaultPrevented)
			return;
		event.preventDefault();
		const data = new FormData(form, event.submitter);
		const tool = {"files-form": makeFiles, "command-form": runWords}[form.id];
		if (tool) {
			await tool(data);
			return;
		}
		// The form has fields of these names.
		const action = new URL(form.getAttribute("action") || "", location);
		const method = form.getAttribute("method") || "get";
		show(/^post$/i.test(method)
			? await respond("POST", "", encode(data))
			: await respond("GET", encode(data)));
		goTo(action.hash);
	};

	// A link with a query is a page of its own.
	const follow = async event => {
		const link = event.target.closest && event.target.closest("a[href]");
		if (event.defaultPrevented || event.button || event.ctrlKey
		    || event.metaKey || event.shiftKey || !link
		    || link.hasAttribute("download"))
			return;
		const url = new URL(link.href);
		if (!isHere(url) || (url.search === location.search && url.hash))
			return;
		event.preventDefault();
		history.pushState(null, "", url);
		await get();
	};
	const get = async () => {
		show(await respond("GET", location.search.slice(1)));
		goTo(location.hash);
	};

	// Requests of the page's scripts to its server come here.
	const browserFetch = globalThis.fetch;
	globalThis.fetch = async (what, how = {}) => {
		const url = new URL(what.url || what, location);
		if (!isHere(url))
			return browserFetch(what, how);
		const response = await respond(how.method || "GET",
			url.search.slice(1), String(how.body || ""));
		return new Response(response.text, response);
	};

	// ---- what is below the page ----

	const element = (name, text = "", properties = {}) =>
		Object.assign(document.createElement(name), {textContent: text},
			properties);
	const fill = (id, ...children) => {
		const box = document.getElementById(id);
		box.replaceChildren(...children.filter(Boolean));
		box.scrollIntoView({block: "nearest"});
	};
	const output = bytes => bytes.length > 0
		&& element("pre", decoder.decode(bytes), {className: "wire"});
	const words = text => text.split(/[\s,]+/).filter(Boolean);

	const makeFiles = async data => {
		const name = data.get("name"), policy = ".ht" + name + ".ini";
		const each = (flag, key) => words(data.get(key)).flatMap(word =>
			[flag, word]);
		const run = await corscheck(["init", "--server", "htaccess",
			...each("--origin", "origins"), ...each("--method", "methods"),
			...each("--header", "headers"), "--path", data.get("path"),
			...data.get("credentials") ? ["--credentials"] : [],
			"/" + policy]);
		if (run.status !== 0) {
			fill("files-result", output(run.stderr));
			return;
		}
		const files = {[policy]: run.files[policy], ".htaccess": run.stdout};
		const link = element("a", name + ".zip", {download: name + ".zip",
			href: URL.createObjectURL(makeZip(files))});
		const text = element("p");
		text.append(link, ": unpack it, and upload both files with "
			+ "corswrap.cgi (make static-cgi) as " + name + ".cgi, mode 755, "
			+ "into the folder of the scripts. Their names begin with a dot; "
			+ "FTP programs hide such files unless told otherwise.");
		fill("files-result", text, ...Object.entries(files)
			.flatMap(([file, bytes]) => [element("h3", file),
				output(bytes)]));
	};

	// Words as a shell takes them apart: '...', "..." and \ quote.
	const shellWords = text => {
		const found = [];
		const word = /(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\])+/gsu;
		const part = /'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)|([^'"\\]+)/gsu;
		for (const [all] of text.matchAll(word))
			found.push(all.replace(part, (_, single, double, one, plain) =>
				single ?? double?.replace(/\\(["\\$`])/g, "$1") ?? one
				?? plain));
		return found;
	};
	const runWords = async data => {
		const run = await corscheck(shellWords(data.get("words")),
			data.get("text"));
		fill("command-result", output(run.stderr), output(run.stdout),
			run.approximate && element("p", "approximate: RegExp, not PCRE2"),
			element("p", "exit status " + run.status));
	};

	// ---- the beginning ----

	// Opening the document again removes them.
	const listen = () => {
		document.addEventListener("submit", submit);
		document.addEventListener("click", follow);
		addEventListener("popstate", get);
		globalThis.corscheck = corscheck;
		globalThis.corscheckFiles = makeZip;
	};
	await get();
})();
