using System.Text;
using Dmkd.Core.Tensors;
using static Dmkd.Core.Tests.Checkpoints.TorchFiles;

namespace Dmkd.Core.Tests.Checkpoints;

/// <summary>Which dictionary of a file the weights are, and what may lie beside it.</summary>
public sealed class CheckpointChoiceTests
{
    private static readonly string Weights = StateOf(Tensor(4, [4], [1]));
    private static readonly string Average = StateOf(Tensor(4, [4], [1], key: "1"));

    [Theory]
    [InlineData("state_dict")]
    [InlineData("model_state_dict")]
    [InlineData("model")]
    [InlineData("model_state")]
    [InlineData("params")]
    [InlineData("network")]
    [InlineData("module")]
    [InlineData("my_own_name")]
    public void Read_DictionaryUnderAKey_IsFound(string key)
    {
        using var read = Read($"}}{Text(key)}{Weights}s{Text("epoch")}K\u0007s");
        Assert.Equal([1f, 2, 3, 4], read.Tensors["w"].data<float>().ToArray());
        Assert.Equal("7", read.Metadata["epoch"]);
        Assert.Empty(read.Notices);
    }

    [Fact]
    public void Read_DictionaryBesideATensor_IsFound()
    {
        using var read = Read($"}}{Text("model_state")}{Weights}s{Text("best_acc")}{Tensor(4, [], [], offset: 2)}s");
        Assert.Equal(["w"], read.Tensors.Keys);
        Assert.Equal("3", read.Metadata["best_acc"]);
    }

    [Theory]
    [InlineData("state_dict_ema")]
    [InlineData("model_ema")]
    [InlineData("ema")]
    public void Read_AverageBesideWeights_IsNamedAndNotTaken(string key)
    {
        string body = $"}}{Text(key)}{Average}s{Text("state_dict")}{Weights}s";
        using var read = Read(body);
        Assert.Equal(1, read.Tensors["w"][0].item<float>());
        string notice = Assert.Single(read.Notices);
        Assert.Contains("those of 'state_dict'", notice, StringComparison.Ordinal);
        Assert.Contains($"'{key}' (a moving average, 1 tensors)", notice, StringComparison.Ordinal);
        using var asked = Read(body, key);
        Assert.Equal(5, asked.Tensors["w"][0].item<float>());
        Assert.Empty(asked.Notices);
    }

    [Fact]
    public void Read_AverageAlone_IsTakenAndSaid()
    {
        using var read = Read($"}}{Text("ema")}{Average}s");
        Assert.Equal(5, read.Tensors["w"][0].item<float>());
        Assert.Contains("'ema' (a moving average", Assert.Single(read.Notices), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_SeveralUnknownDictionaries_ListsThem()
    {
        string message = Refused($"}}{Text("generator")}{Weights}s{Text("judge")}{Average}s");
        Assert.Contains(
            "'generator' (1 tensors), 'judge' (1 tensors); --key chooses",
            message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Read_UnknownKey_ListsTheKeysThereAre() =>
        Assert.Contains(
            "no tensors are under 'nix'; there are 'a', 'b'",
            Refused($"}}{Text("a")}{Weights}s{Text("b")}{Average}s", "nix"),
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("outer.model", "w")]
    [InlineData("outer", "w")]
    [InlineData("flat", "x")]
    public void Read_KeyOfSeveralParts_IsTheDictionaryOrTheStartOfNames(string key, string name)
    {
        string outer = $"}}{Text("model")}{Weights}s";
        using var read = Read($"}}{Text("outer")}{outer}s{Text("flat.x")}{Tensor(4, [2], [1])}s", key);
        Assert.Equal([name], read.Tensors.Keys);
    }

    [Fact]
    public void Read_IgnoredNames_AreLeftOut()
    {
        string body = $"}}{Text("w")}{Tensor(4, [4], [1])}s{Text("criterion.weight")}{Tensor(4, [4], [1])}s";
        byte[] file = Zip(body, ("a/data/0", Floats(1, 2, 3, 4)));
        using var read = CheckpointReader.Read(file, "file.pt", new CheckpointChoice { Ignored = ["criterion.*"] });
        Assert.Equal(["w"], read.Tensors.Keys);
    }

    [Theory]
    [InlineData("cargparse\nNamespace\n)\u0081}(X\u0002\u0000\u0000\u0000lrK\u0001ub")] // vars(args)
    [InlineData("ccollections\nCounter\n}(K\u001eK\u0001u\u0085R")] // MultiStepLR's milestones
    [InlineData("cpathlib\nPosixPath\nX\u0001\u0000\u0000\u0000a\u0085R")]
    [InlineData("c__main__\nConfig\n)}\u0092}b")] // NEWOBJ_EX
    [InlineData("c__main__\nList\n)\u0081(K\u0001K\u0002e")] // a subclass of list
    [InlineData("c__main__\nMap\n)\u0081(K\u0001K\u0002u")] // a subclass of dict
    [InlineData("ctorch.storage\nUntypedStorage\n")]
    public void Read_ObjectBesideTheWeights_IsPassedBy(string value)
    {
        using var read = Read($"}}{Text("model")}{Weights}s{Text("args")}{value}s");
        Assert.Equal([1f, 2, 3, 4], read.Tensors["w"].data<float>().ToArray());
    }

    [Fact]
    public void Read_NumpyScalar_IsMetadata()
    {
        string dtype =
            $"cnumpy\ndtype\n({Text("f8")}\u0089\u0088tR(K\u0003{Text("<")}NNN{"J\u00ff\u00ff\u00ff\u00ff"}{"J\u00ff\u00ff\u00ff\u00ff"}K\u0000tb";
        string bytes = $"C\u0008{Encoding.Latin1.GetString(BitConverter.GetBytes(0.91))}";
        using var read = Read(
            $"}}{Text("model")}{Weights}s{Text("best_acc")}cnumpy.core.multiarray\nscalar\n({dtype}{bytes}tRs"
        );
        Assert.Equal("0.91", read.Metadata["best_acc"]);
    }

    [Fact]
    public void Read_ObjectInThePlaceOfAWeight_IsRemembered()
    {
        using var read = Read($"}}{Text("w")}{Tensor(4, [4], [1])}s{Text("q")}ctorch._utils\n_rebuild_qtensor\n)Rs");
        Assert.Equal("an object 'torch._utils._rebuild_qtensor'", read.Unreadable["q"]);
    }

    [Fact]
    public void Read_WholeNetwork_SaysWhatToSave() =>
        Assert.Contains(
            "an object '__main__.Net', whose program is not in the file; save model.state_dict()",
            Refused("c__main__\nNet\n)\u0081}b"),
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Read_StreamOfAnyProtocol_IsRead(int protocol)
    {
        string head = $"\u0080{(char)protocol}";
        string Framed(string body)
        {
            string length = Encoding.Latin1.GetString(BitConverter.GetBytes((long)body.Length));
            return protocol < 4 ? $"{head}{body}" : $"{head}\u0095{length}{body}";
        }

        byte[] file =
        [
            .. Pickle(Framed("\u008a\n\u006c\u00fc\u009c\u0046\u00f9\u0020\u006a\u00a8\u0050\u0019.")),
            .. Pickle(Framed("M\u00e9\u0003.")),
            .. Pickle(Framed($"}}{Text("little_endian")}\u0088s.")),
            .. Pickle(Framed($"{Weights}.")),
            .. Pickle(Framed($"]{Text("0")}a.")),
            .. BitConverter.GetBytes(4L),
            .. Floats(1, 2, 3, 4),
        ];
        using var read = CheckpointReader.Read(file, "file.pt");
        Assert.Equal([1f, 2, 3, 4], read.Tensors["w"].data<float>().ToArray());
    }

    private static Checkpoint Read(string body, string? key = null) =>
        CheckpointReader.Read(FileOf(body), "file.pt", new CheckpointChoice { Key = key });

    private static string Refused(string body, string? key = null) =>
        Assert.Throws<CheckpointFormatException>(() => Read(body, key)).Message;

    private static byte[] FileOf(string body) =>
        Zip(body, ("a/data/0", Floats(1, 2, 3, 4)), ("a/data/1", Floats(5, 6, 7, 8)));
}
