#!/usr/bin/env node
// There before the build, when package managers look for what they link.
import '../dist/cli/main.js'
