// The analyzer page with JavaScript: errors of the policy as one types, a link to
// the question, the request sent from this browser.  All else works without.
"use strict";
(() => {
	const byId = id => document.getElementById(id);

	// The body of a form becomes HTML.  In the one-file page corscheck itself
	// handles this fetch (src/onefile/shell.js).
	const ask = async body => {
		const response = await fetch(location.pathname, {
			method: "POST",
			body: body,
			headers: { "Content-Type":
			    "application/x-www-form-urlencoded" },
		});
		return response.ok ? response.text() : "";
	};
	const bodyOf = form => new URLSearchParams(new FormData(form));
	const parsed = html => new DOMParser().parseFromString(html, "text/html");
	const say = text => { byId("said").textContent = text; };
	const make = (name, text, type) => {
		const element = document.createElement(name);
		element.textContent = text;
		if (type)
			element.className = type;
		return element;
	};
	const button = (text, does) => {
		const element = make("button", text, "small");
		element.type = "button";
		element.addEventListener("click", does);
		return element;
	};

	// ---- the button that sends the request ----

	const startTrial = () => {
		const send = byId("send");
		if (!send)
			return;
		const outcome = byId("outcome");
		const data = send.dataset;
		const show = (what, text) => {
			byId("got-" + what).textContent = text;
		};

		// What the prediction is for is what this page is, or it means
		// nothing.
		const mine = data.origin === location.origin;
		const predicted = mine ? data.verdict : "";

		const judge = (got, text) => {
			show("outcome", got);
			let verdict = "No prediction to compare with.";
			if (predicted)
				verdict = predicted === got ? "As predicted."
				    : "Not as predicted.";
			else if (!mine)
				verdict = "The prediction is for another origin "
				    + "than " + location.origin + ".";
			outcome.textContent = text + " " + verdict;
		};

		const sendIt = async () => {
			const response = await fetch(data.url, {
				method: data.method,
				headers: JSON.parse(data.headers),
				credentials: data.credentials,
				cache: "no-store",
				signal: AbortSignal.timeout(30000),
			});
			const names = [...response.headers.keys()];
			show("status", String(response.status));
			show("names", names.join(" ") || "none");
			judge("allowed",
			    "This browser lets the page read the response.");
			if (response.body)
				response.body.cancel();
		};

		// A script does not get the cause. A HEAD to which CORS does not
		// apply, and whose response stays unread, fails only if no server
		// responds.
		const responds = url => fetch(url, {
			method: "HEAD",
			mode: "no-cors",
			credentials: "omit",
			cache: "no-store",
			redirect: "follow",
			signal: AbortSignal.timeout(10000),
		}).then(() => true, () => false);

		const fail = async error => {
			const what = error.name + ": " + error.message;
			show("status", "none");
			show("names", "none");
			if (error.name === "TimeoutError") {
				show("outcome", "no response");
				outcome.textContent =
				    "No response within 30 seconds.";
			} else if (data.sent === "yes" &&
			    !await responds(data.url)) {
				show("outcome", "no response");
				outcome.textContent =
				    await responds(location.href)
				    ? "No server responds at this URL, so CORS "
				    + "has no part in it (" + what + ")."
				    : "There is no network: the server of this "
				    + "page does not respond either.";
			} else {
				judge(
				    "blocked",
				    "This browser keeps the response " +
					"from the page, or there was no response (" +
					what + ").");
			}
		};

		send.addEventListener("click", async () => {
			send.disabled = true;
			outcome.textContent = "Sending...";
			try {
				await sendIt();
			} catch (error) {
				await fail(error);
			}
			send.disabled = false;
			send.focus();
		});
		byId("trial").hidden = false;
	};

	// ---- the editor of the policy ----

	const lineStart = (text, line) => {
		let at = 0;
		for (; line > 1 && at >= 0; line--)
			at = text.indexOf("\n", at) + 1 || -1;
		return at < 0 ? text.length : at;
	};
	const lineAt = (text, line) => {
		const start = lineStart(text, line);
		const end = text.indexOf("\n", start);
		return [start, end < 0 ? text.length : end];
	};

	const goTo = line => {
		const policy = byId("policy");
		const [start, end] = lineAt(policy.value, line);
		byId("policy-part").open = true;
		policy.focus();
		policy.setSelectionRange(start, end);
	};

	// Columns are bytes.
	const useFix = ({ line, column, length, fix }) => {
		const policy = byId("policy");
		const [start, end] = lineAt(policy.value, +line);
		const bytes = new TextEncoder().encode(
		    policy.value.slice(start, end));
		const text = part => new TextDecoder().decode(part);
		const before = text(bytes.slice(0, +column - 1));
		const after = text(bytes.slice(+column - 1 + +length));
		byId("policy-part").open = true;
		policy.focus();
		policy.setRangeText(before + fix + (+length ? "" : "\n") + after,
		    start, end, "end");
		policy.dispatchEvent(new Event("input"));
	};

	const addButtons = list => {
		for (const item of list.querySelectorAll("li[data-line]")) {
			const data = item.dataset;
			if (data.fix)
				item.append(" ", button("Use " + data.fix,
				    () => useFix(data)));
			if (+data.line)
				item.append(" ", button("Go to line " +
				    data.line, () => goTo(+data.line)));
		}
	};

	// A number for each line, with a mark where something is wrong.
	const startGutter = () => {
		const policy = byId("policy");
		const editor = make("div", "", "editor");
		const gutter = make("div", "", "gutter");
		gutter.setAttribute("aria-hidden", "true");
		policy.before(editor);
		editor.append(gutter, policy);
		let marks = [];
		const draw = () => {
			const count = policy.value.split("\n").length;
			gutter.replaceChildren();
			for (let line = 1; line <= Math.min(count, 5000); line++)
				gutter.append(make("span", String(line)));
			for (const { line, severity, text } of marks) {
				const number = gutter.children[line - 1];
				if (!number || number.className === "error")
					continue;
				number.className = severity;
				number.title = text;
			}
			gutter.scrollTop = policy.scrollTop;
		};
		policy.addEventListener("scroll", () => {
			gutter.scrollTop = policy.scrollTop;
		});
		policy.addEventListener("input", draw);
		byId("policy-part").addEventListener("toggle", draw);
		draw();
		return list => {
			marks = [...list.querySelectorAll("li[data-line]")].map(
			    item => ({ line: +item.dataset.line,
				severity: item.className,
				text: item.textContent }));
			draw();
		};
	};

	const showKind = kind => {
		byId("kind").textContent = kind ? "Recognised: " + kind + "." : "";
	};

	// Half a second behind the last key: what is wrong, and what was pasted.
	const startLint = () => {
		const form = byId("ask");
		const mark = startGutter();
		const first = byId("lint");
		let timer = 0, sent = 0;
		if (first) {
			mark(first);
			addButtons(first);
		}
		const lint = async () => {
			const turn = ++sent;
			const body = bodyOf(form);
			body.set("part", "lint");
			const list = parsed(await ask(body)).getElementById("lint");
			if (!list || turn !== sent)
				return;
			mark(list);
			showKind(list.dataset.kind);
			addButtons(list);
			byId("live").replaceChildren(...list.childNodes);
		};
		const later = () => {
			clearTimeout(timer);
			timer = setTimeout(() => lint().catch(() => {}), 500);
		};
		byId("policy").addEventListener("input", later);
		byId("paste").addEventListener("input", later);
	};

	// ---- HAR files ----

	const secret = /^(authorization|cookie|set-cookie|.*(token|secret|key|session).*)$/i;
	const bare = headers => (headers || []).map(({ name, value }) =>
	    ({ name, value: secret.test(name) ? "x" : value }));

	// Of a HAR only what is read, so that it is short, and without secrets.
	const shorten = text => {
		let entries;
		try {
			entries = JSON.parse(text).log.entries.map(entry => ({
				request: {
					url: entry.request.url,
					method: entry.request.method,
					headers: bare(entry.request.headers),
					cookies: (entry.request.cookies || [])
					    .slice(0, 1).map(() => ({})),
					postData: entry.request.postData && {},
				},
				response: {
					status: entry.response.status,
					_error: entry.response._error,
					headers: bare(entry.response.headers),
				},
			}));
		} catch {
			return text;
		}
		const failed = ({ response }) => response.status === 0 ||
		    response.status >= 400 || response._error;
		const json = () => JSON.stringify({ log: { entries } });
		if (json().length > 300000)
			entries = entries.filter(failed).slice(0, 100);
		return json();
	};

	const startPaste = () => {
		const paste = byId("paste");
		const take = text => {
			paste.value = shorten(text);
			paste.dispatchEvent(new Event("input"));
		};
		paste.addEventListener("paste", event => {
			const text = event.clipboardData.getData("text");
			if (!text.trimStart().startsWith("{"))
				return;
			event.preventDefault();
			take(text);
		});
		paste.addEventListener("dragover", event => event.preventDefault());
		paste.addEventListener("drop", async event => {
			const [file] = event.dataTransfer.files;
			if (!file)
				return;
			event.preventDefault();
			take(await file.text());
		});
	};

	// ---- a link to the question ----

	const withoutSecrets = headers => headers.replace(/^([^:\n]+):.*$/gm,
	    (line, name) => secret.test(name.trim()) ? name + ": x" : line);

	const share = () => {
		const fields = new URLSearchParams();
		const form = byId("ask");
		for (const [name, value] of new FormData(form))
			if (value && name !== "read" &&
			    form.elements[name].selectedIndex !== 0)
				fields.append(name, name === "headers" ||
				    name === "paste" ? withoutSecrets(value)
				    : value);
		const link = location.href.replace(/[?#].*/, "") + "#?" + fields;
		history.replaceState(null, "", link);
		navigator.clipboard?.writeText(link).then(
		    () => say(
			"The link is copied. The question is in it, behind " +
			"#: no server sees it, until someone presses Explain."),
		    () => say("The link is in the address bar."));
		if (!navigator.clipboard)
			say("The link is in the address bar.");
	};

	// The fragment fills the form in; the result needs a click.
	const takeLink = () => {
		if (!location.hash.startsWith("#?"))
			return;
		const form = byId("ask");
		for (const [name, value] of
		    new URLSearchParams(location.hash.slice(2))) {
			const field = form.elements.namedItem(name);
			if (!field || field.type === "hidden")
				continue;
			if (field.type === "checkbox")
				field.checked = true;
			else
				field.value = value;
			for (let part = field.closest("details"); part;
			    part = part.parentElement.closest("details"))
				part.open = true;
		}
		say("Filled in from a link. Look at it, then press Explain.");
		form.querySelector("button[type=submit]").focus();
	};

	// ---- the whole ----

	const startCopy = () => {
		for (const block of document.querySelectorAll("pre.copy")) {
			const text = block.textContent;
			const copy = button("Copy", async () => {
				await navigator.clipboard.writeText(text);
				copy.textContent = "Copied";
			});
			if (navigator.clipboard)
				block.after(copy);
		}
	};

	const start = () => {
		startCopy();
		startTrial();
		if (!byId("ask"))
			return;
		startLint();
		startPaste();
		byId("share").hidden = false;
		byId("share").addEventListener("click", share);
		takeLink();
	};

	start();
})();
