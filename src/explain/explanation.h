/*
 * What a browser does with a request, step by step.
 *
 * by_policy.c makes an explanation from a policy, src/probe from a live server,
 * read.c from pasted responses; browser_checks.c does the browser's checks;
 * text.c, json.c and src/page print it.
 *
 * Everything lives in the explanation's arena.  Texts are printable ASCII:
 * untrusted bytes are escaped when they are added (explain_quote).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef EXPLANATION_H
#define EXPLANATION_H

#include <stdio.h>

#include "cors/decide.h"
#include "fetch/address_space.h"
#include "fetch/engine.h"
#include "fetch/fetch.h"
#include "fetch/url.h"
#include "policy/settings.h"

/* The request to explain: a script's fetch(). */
struct question {
	struct url url;
	struct slice origin; /* as the browser sends it */
	struct slice method;
	struct fetch_fields headers;
	bool credentials;
	struct fetch_how how;
	enum fetch_browser browser;
	enum url_space page_space; /* SPACE_UNKNOWN: taken from the origin */
	struct slice asked_from;   /* the preflight's Origin; absent: origin */
};

/* The Origin that the preflight has. */
static inline struct slice
preflight_origin(const struct question *q)
{
	return slice_present(q->asked_from) ? q->asked_from : q->origin;
}

/* The same as text from a user.  An absent URL or origin is an error. */
struct question_text {
	struct slice url;
	struct slice origin;
	struct slice method;	     /* absent: GET */
	const struct slice *headers; /* each 'Name: value' */
	size_t header_count;
	bool credentials;
	struct fetch_how how;
	enum fetch_browser browser;
	enum url_space page_space;
};

struct texts {
	const char **at;
	size_t count;
	size_t room;
};

/* A check that the browser makes. */
struct check {
	bool passes;
	const char *text;
};

struct checks {
	struct check *at;
	size_t count;
	size_t room;
};

/* A response, as far as it is known. */
struct response {
	bool known;
	int status;	/* 0: the application's own */
	bool http2;	/* for probe */
	const char *by; /* heading for the text and page output; NULL: the
			   server (with a status) or the application (0) */
	struct fetch_fields fields; /* without the application's own */
	struct slice body;	    /* its beginning, or absent */
	/* the policy's decision, for reason and fix */
	const struct policy *policy;	  /* NULL: none covers it */
	const struct spec_source *source; /* of the policy; NULL with it */
	bool uncovered;			  /* no policy covers it */
	bool refused;			  /* the policy refuses it */
	enum cors_reason policy_reason;
};

enum verdict { VERDICT_UNKNOWN, VERDICT_ALLOWED, VERDICT_BLOCKED };

/* A mistake that was found in responses. */
struct finding {
	const char *id;
	bool serious; /* else advice */
	const char *message;
	const char *fix;
};

struct explanation {
	struct arena *arena;
	struct question question;
	struct fetch_plan plan;
	bool out_of_memory; /* all other members are then undefined */
	bool userinfo;	    /* fetch() refuses such a URL */
	bool stopped; /* the verdict is known, and no request is sent, not even
			 a preflight */
	struct texts why;   /* why a preflight; which headers are not sent */
	struct texts notes; /* other checks than CORS, where browsers differ */

	struct fetch_fields preflight_request;
	struct response preflight;
	struct checks preflight_checks;
	bool preflight_passes;
	const char *preflight_reason; /* id, or NULL */
	const char *kept;	      /* how long browsers cache it, or NULL */

	bool sent; /* the request itself goes out */
	struct fetch_fields request;
	struct response response;
	struct checks request_checks;
	bool has_readable;
	struct slice *readable; /* sorted, lower case, each once */
	size_t readable_count;

	enum verdict verdict;
	const char *reason; /* id, or NULL */
	const char
	    *message;	  /* the message of the browser's console, and notes */
	const char *fix;  /* NULL: no change is needed */
	bool unreachable; /* network, tls, timeout: exit status 2 */

	bool probed;		      /* made from responses: has findings */
	struct texts steps;	      /* redirects that were followed */
	struct slice redirected_from; /* or absent */
	bool tainted;		      /* a redirect made the origin null */
	struct finding *findings;     /* of probe and of pasted responses */
	size_t finding_count;
	size_t finding_room;
};

/* ---- question.c ---- */

/* Limits of its bytes and headers: more than servers and corswrap accept in
 * a request's head (DESIGN.md section 4). */
enum { QUESTION_MAX = 65536, QUESTION_HEADERS = 500 };

/* An error in a question, and the part that has it. */
enum question_part {
	QUESTION_URL,
	QUESTION_ORIGIN,
	QUESTION_HEADER,
	QUESTION_SIZE, /* of all of it */
	QUESTION_HOW   /* parts that contradict each other */
};

struct question_fault {
	enum question_part part;
	/* One printable sentence without a final dot, which begins with the
	 * part's name; and what to write instead. */
	const char *text;
};

struct question_faults {
	struct question_fault *at;
	size_t count;
	size_t room;
};

/* Add an error; text is kept by reference.  False: memory is out. */
bool question_fault_add(struct arena *, struct question_faults *,
			enum question_part, const char *text);

/*
 * Read the text.  True: *out is the question, in the memory of arena and of
 * text.  False: all errors were added to the faults; if there are none, memory
 * is out.
 */
bool question_read(struct arena *arena, const struct question_text *text,
		   struct question *out, struct question_faults *);

/* Was there no memory for a part of it?  Then nothing of it may be shown. */
bool explain_out_of_memory(const struct explanation *);

/* ---- words.c ---- */

/* printf into the arena; "" if memory is out, and out_of_memory is set.  The
 * functions below set it, too. */
const char *explain_printf(struct explanation *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The bytes as text, with all but printable ASCII as \xHH. */
const char *explain_quote(struct explanation *, struct slice);
/* The text and, after it, the notes in parentheses. */
const char *explain_noted(struct explanation *, const char *text);
/* Add to a list; the text is kept by reference. */
void texts_add(struct explanation *, struct texts *, const char *);
void checks_add(struct explanation *, struct checks *, bool passes,
		const char *text);
/* Set the verdict to blocked, for another cause than a CORS check.  The texts
 * are kept by reference. */
void explain_blocked(struct explanation *, const char *id, const char *message,
		     const char *fix);
/* Set the verdict if there was no response: id is network, tls or timeout. */
void explain_unreachable(struct explanation *, const char *id,
			 const char *message, const char *fix);
/* Add a finding; its message is formatted, id and fix are kept by reference. */
void finding_add(struct explanation *, const char *id, bool serious,
		 const char *fix, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* ---- explanation.c ---- */

/* Begin an explanation with all that does not depend on a response: the reasons
 * for a preflight, the two requests, and the verdict if the browser sends none.
 * The question's memory must outlive the explanation. */
void explain_begin(struct explanation *, struct arena *,
		   const struct question *);
/* Is the verdict known without any response? */
bool explain_is_settled(const struct explanation *);

/* Sec-Fetch-Mode and Sec-Fetch-Dest of the request. */
const char *explain_fetch_mode(const struct explanation *);
const char *explain_fetch_dest(const struct explanation *);

/* ---- console.c ---- */

/* The source of the request, as the messages of consoles call it: "fetch",
 * "XMLHttpRequest", "script". */
const char *console_kind(const struct explanation *);
/* The error that the script gets, which has no cause: "TypeError: ...". */
const char *console_of_network_error(const struct explanation *);
/* The line of the console that has the cause; preflight: it is about the
 * response to the preflight. */
const char *console_of_firefox(struct explanation *, const struct fetch_check *,
			       bool preflight);
const char *console_of_safari(struct explanation *, const struct fetch_check *,
			      bool preflight);

/* What fetch() throws because of the method, a header or a body, and because of
 * a URL with a password. */
const char *console_of_refusal(struct explanation *);
const char *console_of_userinfo(struct explanation *);

/* ---- barrier.c ---- */

/* If the browser blocks the request for another reason than CORS
 * (mixed-content, blocked-port, local-network), set that verdict and `stopped`;
 * if the user may allow the request, add a note. */
void explain_barriers(struct explanation *);

/* ---- browser_checks.c ---- */

/* Check the response to the preflight.  True: it passes, so the request itself
 * is sent; false: the verdict is set. */
bool browser_check_preflight(struct explanation *);
/* Check the response to the request itself, and set the verdict. */
void browser_check_response(struct explanation *);
/* List the headers that JavaScript can read, sorted, each once. */
void browser_list_readable(struct explanation *);

/* ---- without_cors.c ---- */

/* Check the response to a request without CORS, which
 * Cross-Origin-Resource-Policy can block, and set the verdict. */
void browser_check_opaque(struct explanation *);

/* ---- by_policy.c ---- */

/* After explain_begin: preflight, request and verdict under a policy (NULL:
 * only the requests).  chosen: the value of CORSWRAP_POLICY, or absent. */
void explain_by_policy(struct explanation *, const struct settings *,
		       struct slice chosen);

/* ---- text.c, json.c ---- */

/* Print all steps for people; colour: with a terminal's escape sequences. */
void explain_text(struct explanation *, FILE *, bool colour);
/* Print one walk if the browsers send the same requests and have the same
 * verdict; else one for each browser, and how they differ. */
void explain_text_all(struct explanation all[FETCH_BROWSERS], FILE *,
		      bool colour);
/* Print the object of DESIGN.md section 2, and a newline.  Out of memory:
 * nothing is printed, and out_of_memory is set, as it is if writing fails. */
void explain_json(struct explanation *, FILE *);
/* Print an object with one of these for the id of each browser; out_of_memory
 * is set in all[0]. */
void explain_json_all(struct explanation all[FETCH_BROWSERS], FILE *);

/* ---- fix.c ---- */

/* Why the policy does not allow it, in the words of the policy: "PUT is not
 * in `methods`". */
const char *explain_refusal(struct explanation *, const struct response *);

/* What to change, in the policy's words; NULL: the check passed. */
const char *explain_fix(struct explanation *, const struct response *,
			enum fetch_reason, bool preflight);

#endif
