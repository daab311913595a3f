"""What adds up in .grad: press backward() again, flip a switch, cut the batch, go deeper."""

from explorer.ui import depth, experiments, ledger, microbatches, session, switches

section = experiments.section()
if section == "Switches":
    switches.show()
elif section == "Micro-batches":
    microbatches.show()
elif section == "Depth":
    depth.show()
else:
    run = session.current_run()
    if run is not None:
        ledger.show(run)
