"""Protocols behind published figures, and the table that many of them were read in."""

from __future__ import annotations

from models.spec import Protocol

CIFAR_A = Protocol(
    "CIFAR-10",
    "1,000 queries, 5,000 train, 59,000 database with the train images; mAP over the whole ranking",
)
CIFAR_B = Protocol(
    "CIFAR-10", "10,000 queries, 50,000 train images are the database; mAP over the whole ranking"
)
CIFAR_ALL = Protocol("CIFAR-10", "1,000 queries, 59,000 database; mAP over the whole ranking")
NUS_21 = Protocol(
    "NUS-WIDE-21", "21 concepts, 2,100 queries, 10,500 train; share one concept; mAP over the first 5,000"
)
IMAGENET_100 = Protocol("ImageNet-100", "100 classes; mAP over the first 1,000")

SURVEY_TABLE = "Table 4 of the survey (arXiv 2003.03369, later edition), quoted from the paper"
