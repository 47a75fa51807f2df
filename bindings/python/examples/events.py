import sys
import tandem
with tandem.Receiver(*sys.argv[1:]) as rx:
    rx.pair(60)
    for event in rx:
        print(event)
