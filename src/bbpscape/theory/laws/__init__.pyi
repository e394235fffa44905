from .committee import CommitteeLaw as CommitteeLaw
