/*
 * Settings of the C library that can only be made before a program starts.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef TUNE_H
#define TUNE_H

/*
 * Start this program again with them, once: the same process, name, arguments
 * and descriptors.  Returns where they are made already, or cannot be.
 */
void tune(char **argv);

#endif
