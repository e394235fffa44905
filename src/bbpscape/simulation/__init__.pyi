from . import data as data
from . import eigen as eigen
