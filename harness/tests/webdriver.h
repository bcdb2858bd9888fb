/** A browser without a window, driven through ChromeDriver (W3C WebDriver over loopback), for the
 * tests of the page. */
#ifndef TESTS_WEBDRIVER_H
#define TESTS_WEBDRIVER_H

#include <jansson.h>

struct webdriver;

/** Starts both. NULL: ChromeDriver or Chromium is not installed; everything else that goes wrong
 * fails the test. */
struct webdriver *webdriver_start(void);
/** Ends both, by their process ids. */
void webdriver_stop(struct webdriver *w);
/** Loads a file and waits until it is loaded. */
void webdriver_open(struct webdriver *w, const char *path);
/** Runs the body of a function in the page; returns its result, which the caller owns. */
json_t *webdriver_run(struct webdriver *w, const char *script);
/** Chrome's own commands (Emulation.setEmulatedMedia …); steals `params`. */
void webdriver_command(struct webdriver *w, const char *name, json_t *params);
/** What the page wrote to the console since the last call, errors of its policy included; the
 * caller owns it. */
json_t *webdriver_console(struct webdriver *w);
/** Is an alert open? */
int webdriver_has_alert(struct webdriver *w);

#endif
