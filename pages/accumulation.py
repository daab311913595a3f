"""Press backward() again and again, and watch what adds up in .grad."""

from explorer.ui import ledger, session

run = session.current_run()
if run is not None:
    ledger.show(run)
