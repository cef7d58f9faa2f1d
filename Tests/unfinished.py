"""Names the tests that an event stream of Swift Testing shows as begun and not as ended: `unfinished.py FILE`."""

import json
import sys


def unfinished(lines):
    begun, ended, is_run_over = {}, set(), False
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:
            continue  # The last line, when the program was ended while it wrote.
        payload = record.get("payload", {})
        is_run_over = is_run_over or payload.get("kind") == "runEnded"
        if "testID" not in payload:
            continue
        case = payload.get("_testCase") or {}
        key = (payload["testID"], case.get("id"))
        match payload.get("kind"):
            case "testStarted" | "testCaseStarted":
                begun[key] = f"{payload['testID']} {case.get('displayName', '')}".strip()
            case "testEnded" | "testCaseEnded" | "testSkipped":
                ended.add(key)
    return [name for key, name in begun.items() if key not in ended], is_run_over


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8", errors="replace") as stream:
        names, is_run_over = unfinished(stream)
    for name in names:
        print(f"  {name}")
    if is_run_over:
        print("  none: every test ended, but the program, or one that it started, did not")
    elif not names:
        print("  none is known")
