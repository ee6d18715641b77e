"""Return messages (302, 306, 308, 316, 318, 320): making the one that the standard prescribes, judging one received."""

from gateway.berichten.retour.antwoord import Answer, Oordeel, retour
from gateway.berichten.retour.ontvangst import controleer

__all__ = ["Answer", "Oordeel", "controleer", "retour"]
