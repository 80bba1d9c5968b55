// The button of the analyzer page: send the request, show what came of it.
"use strict";
(() => {
	const button = document.getElementById("send");
	const outcome = document.getElementById("outcome");
	const data = button.dataset;
	const show = (what, text) => {
		document.getElementById("got-" + what).textContent = text;
	};

	// What the prediction is for is what this page is, or it means nothing.
	const mine = data.origin === location.origin;
	const predicted = mine ? data.verdict : "";

	const judge = (got, text) => {
		show("outcome", got);
		let verdict = "No prediction to compare with.";
		if (predicted)
			verdict = predicted === got ? "As predicted."
			    : "Not as predicted.";
		else if (!mine)
			verdict = "The prediction is for another origin than "
			    + location.origin + ".";
		outcome.textContent = text + " " + verdict;
	};

	const send = async () => {
		const answer = await fetch(data.url, {
			method: data.method,
			headers: JSON.parse(data.headers),
			credentials: data.credentials,
			cache: "no-store",
			signal: AbortSignal.timeout(30000),
		});
		const names = [...answer.headers.keys()];
		show("status", String(answer.status));
		show("names", names.join(" ") || "none");
		judge("allowed", "This browser lets the page read the answer.");
		if (answer.body)
			answer.body.cancel();
	};

	// A script is not told why. A HEAD to which CORS does not apply, and
	// whose answer stays unread, fails only where no server answers.
	const answers = url => fetch(url, {
		method: "HEAD",
		mode: "no-cors",
		credentials: "omit",
		cache: "no-store",
		redirect: "follow",
		signal: AbortSignal.timeout(10000),
	}).then(() => true, () => false);

	const fail = async error => {
		show("status", "none");
		show("names", "none");
		if (error.name === "TimeoutError") {
			show("outcome", "no answer");
			outcome.textContent = "No answer within 30 seconds.";
		} else if (data.sent === "yes" && !await answers(data.url)) {
			show("outcome", "no answer");
			outcome.textContent = await answers(location.href)
			    ? "No server answers at this URL, so CORS had no "
			    + "part in it (" + error.name + ": "
			    + error.message + ")."
			    : "There is no network: the server of this page "
			    + "does not answer either.";
		} else {
			judge("blocked", "This browser keeps the answer from "
			    + "the page, or there was none (" + error.name
			    + ": " + error.message + ").");
		}
	};

	button.addEventListener("click", async () => {
		button.disabled = true;
		outcome.textContent = "Sending...";
		try {
			await send();
		} catch (error) {
			await fail(error);
		}
		button.disabled = false;
		button.focus();
	});
	document.getElementById("trial").hidden = false;
})();
