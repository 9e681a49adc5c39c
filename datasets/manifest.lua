-- Data sets that data.get fetches. For each file: where it is, and its size and SHA-256 where somebody has checked them
-- on the real file. An entry without a hash has not been verified by anybody here, and data.get says so.
--
-- `form` says how the files become a data set: lua/gradus/data/download.lua has one function for each.

return {
  mnist = {
    about = "70,000 handwritten digits, 28x28 pixels, 0 paper to 255 ink",
    form = "idx",
    addresses = {"https://ossci-datasets.s3.amazonaws.com/mnist/",
      "https://storage.googleapis.com/cvdf-datasets/mnist/"},
    files = {
      {name = "train-images-idx3-ubyte.gz", size = 9912422,
        sha256 = "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
      {name = "train-labels-idx1-ubyte.gz", size = 28881,
        sha256 = "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
      {name = "t10k-images-idx3-ubyte.gz", size = 1648877,
        sha256 = "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
      {name = "t10k-labels-idx1-ubyte.gz", size = 4542,
        sha256 = "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"},
    },
    classes = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
    licence = "CC BY-SA 3.0",
    citation = "Y. LeCun, C. Cortes, C. J. C. Burges: The MNIST database of handwritten digits, 1998",
  },
  fashion = {
    about = "70,000 pictures of clothes, 28x28 pixels, 0 background to 255",
    form = "idx",
    addresses = {"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"},
    files = {
      {name = "train-images-idx3-ubyte.gz", size = 26421880,
        sha256 = "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
      {name = "train-labels-idx1-ubyte.gz", size = 29515,
        sha256 = "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
      {name = "t10k-images-idx3-ubyte.gz", size = 4422102,
        sha256 = "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
      {name = "t10k-labels-idx1-ubyte.gz", size = 5148,
        sha256 = "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"},
    },
    classes = {"T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag",
      "ankle boot"},
    licence = "MIT",
    citation = "H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST, 2017, https://arxiv.org/abs/1708.07747",
  },
  cifar10 = {
    about = "60,000 photographs of ten kinds of things, 32x32 pixels, RGB",
    form = "cifar",
    addresses = {"https://www.cs.toronto.edu/~kriz/"},
    files = {{name = "cifar-10-binary.tar.gz", about = "some 160 MB"}},
    classes = {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"},
    licence = "none is stated by its authors",
    citation = "A. Krizhevsky: Learning multiple layers of features from tiny images, 2009",
  },
  trashnet = {
    about = "2,527 photographs of waste in six classes",
    form = "zipped_folder",
    addresses = {"https://github.com/garythung/trashnet/raw/master/data/"},
    files = {{name = "dataset-resized.zip", about = "some 40 MB"}},
    folder = "dataset-resized",
    licence = "MIT",
    citation = "M. Yang, G. Thung: Classification of trash for recyclability status, 2016, " ..
      "https://github.com/garythung/trashnet",
  },
  taco = {
    about = "1,500 photographs of litter where it lies, with the outline of each piece",
    form = "coco",
    files = {{name = "annotations.json"}},
    by_hand = "TACO is a list of addresses of single photographs: `git clone https://github.com/pedropro/TACO`, " ..
      "then `python3 download.py` in it fetches them into its folder data",
    licence = "CC BY 4.0; each photograph has its own",
    citation = "P. F. Proença, P. Simões: TACO: Trash Annotations in Context, 2020, https://arxiv.org/abs/2003.06975",
  },
}
