using System.IO.Compression;
using System.Text;
using Dmkd.Core.Tensors;
using static Dmkd.Core.Tests.Checkpoints.TorchFiles;

namespace Dmkd.Core.Tests.Checkpoints;

public class HostileCheckpointTests
{
    private const string Sides = "\u0085R"; // TUPLE1, REDUCE

    private static readonly byte[] FourFloats = Floats(1, 2, 3, 4);

    public static TheoryData<string, string> ForbiddenPickles =>
        new()
        {
            { $"cos\nsystem\n{Text("id")}{Sides}", "refused global 'os.system'" },
            { $"\u008c\u0005posix\u008c\u0006system\u0093{Text("id")}{Sides}", "refused global 'posix.system'" },
            { $"c__builtin__\neval\n{Text("1")}{Sides}", "refused global '__builtin__.eval'" },
            { $"\u008c\u0008builtins\u008c\u0004eval\u0093{Text("1")}{Sides}", "refused global 'builtins.eval'" },
            {
                $"}}{Text("state_dict")}}}{Text("w")}csubprocess\nPopen\n{Text("id")}{Sides}ss",
                "refused global 'subprocess.Popen'"
            },
            {
                "ctorch.nn.modules.container\nSequential\n)\u0081}b",
                "holds no state dict but an object 'torch.nn.modules.container.Sequential', whose program is not in "
                    + "the file; save model.state_dict()"
            },
            { "c__main__\nNet\n", "an object '__main__.Net'" },
            { "ccollections\nOrderedDict.__init__\n", "an object 'collections.OrderedDict.__init__'" },
            { $"}}{Text("model")}c__main__\nNet\n)\u0081s", "its keys are 'model' (an object '__main__.Net')" },
            { "cos.path\njoin\n", "refused global 'os.path.join'" },
            { "cbuiltins\n__import__\n", "refused global 'builtins.__import__'" },
            { "csocket\nsocket\n", "refused global 'socket.socket'" },
            { "ctorch\nFloatStorage\n)R", "refused call of 'torch.FloatStorage'" },
            { $"{Text("x")})R", "refused call of a String" },
            { $"ccollections\nOrderedDict\n{Text("x")}{Sides}", "refused call of 'collections.OrderedDict'" },
            { "ctorch._utils\n_rebuild_tensor_v2\n)R", "refused call of 'torch._utils._rebuild_tensor_v2'" },
            { "]}b", "refused attributes on a PickleList" },
            { "}}b", "refused attributes on a PickleDictionary" },
            { $"ctorch\ndevice\n{Text("cpu")}{Sides}}}b", "refused attributes on a device" },
            { $"ccollections\nOrderedDict\n)R{Text("x")}b", "refused attributes on a PickleDictionary" },
            { $"{Text("storage")}Q", "a persistent id must be" },
            { $"({Text("storage")}tQ", "a persistent id must be" },
            { $"({Text("module")}ctorch\nFloatStorage\n{Text("0")}{Text("cpu")}K\u0001tQ", "a persistent id must be" },
            { $"({Text("storage")}ctorch\nSize\n{Text("0")}{Text("cpu")}K\u0001tQ", "a persistent id must be" },
            {
                $"({Text("storage")}ctorch\nFloatStorage\n{Text("0")}{Text("cpu")}{Number(-1)}tQ",
                "a persistent id must be"
            },
            {
                $"({Text("storage")}ctorch\nFloatStorage\n{Text("0")}{Text("cpu")}K\u0001({Text("v")}ttQ",
                "a persistent id must be"
            },
            { "P0\n", "refused opcode 0x50" },
            { "(ios\nsystem\n", "refused opcode 0x69" },
            { "(cos\nsystem\no", "refused global 'os.system'" },
            { "\u0082\u0001", "refused opcode 0x82" },
            { "I1\n", "refused opcode 0x49" },
            { "0", "the stack has no value" },
            { "K\u0001(0", "the stack has no value" },
            { "1", "there is no mark" },
            { "t", "there is no mark" },
            { "\u0086", "the stack has no value" },
            { "K\u0001K\u0002a", "refused items for a Int64; it must be a list" },
            { "](K\u0001K\u0002u", "refused items for a PickleList; it must be a dictionary" },
            { "}(K\u0001u", "a dictionary takes pairs; there are 1 values" },
            { "](K\u0001\u0090", "refused 1 items for a PickleList; it must be a set" },
            { "h\u0000", "memo index must be in [0, -1]; it is 0" },
            { "]r\u00ff\u00ff\u00ff\u00ff", "memo index must be in [0, 1]; it is 4294967295" },
            { "X\u00ff\u00ff\u00ff\u007f", "length of text must be in [0, 1]; it is 2147483647" },
            { "\u008b\u00ff\u00ff\u00ff\u00ff", "length of an integer must be in [0, 1]; it is -1" },
            {
                $"\u008b\u0000\u0001\u0000\u0000{new string('\u0001', 256)}",
                "length of an integer must be in [0, 255]; it is 256"
            },
            { "B\u00ff\u00ff\u00ff\u00ff", "length of bytes must be in [0, 1]; it is 4294967295" },
            { "\u008d\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff", "length of text must be in [0, 1]; it is -1" },
            { "X\u0001\u0000\u0000\u0000\u00ff", "a text is not UTF-8" },
            { $"c{new string('x', 300)}\nf\n", "a global's name has more than 256 bytes" },
            { new string('(', 1001), "at most 1000 marks may be open" },
            { new string('N', 100_001), "the stack must have at most 100000 values" },
            { "\u0080\u0006", "protocol must be in [2, 5]; it is 6" },
            { "", "the stack has no value" },
            { "N", "holds no state dict" },
            { "}", "holds no state dict" },
            { $"]q\u0000h\u0000a", "holds no state dict" }, // a list that holds itself
            { $"}}q\u0000{Text("state_dict")}h\u0000s", "holds no state dict" }, // a dictionary that holds itself
        };

    [Theory]
    [MemberData(nameof(ForbiddenPickles))]
    public void Read_ForbiddenPickle_IsRefusedWithTheReason(string body, string reason) =>
        Assert.Contains(reason, Refusal(Zip(body)), StringComparison.Ordinal);

    [Theory]
    [InlineData(
        1L << 60,
        new long[] { 1L << 60 },
        new long[] { 1 },
        0,
        "storage 'a/data/0' must hold 1152921504606846976 values of 4 bytes; it has 16 bytes"
    )]
    [InlineData(
        4,
        new long[] { 1L << 60 },
        new long[] { 1 },
        0,
        "its last value is at 1152921504606846975, outside the 4 elements"
    )]
    [InlineData(4, new long[] { 1L << 60 }, new long[] { 0 }, 0, "at most 4 times as much is read")]
    [InlineData(4, new long[] { 1L << 62 }, new long[] { 0 }, 0, "more than 2^63 bytes")]
    [InlineData(4, new long[] { 1L << 40, 1L << 40 }, new long[] { 0, 0 }, 0, "more than 2^63 bytes")]
    [InlineData(4, new long[] { 0, 1L << 62 }, new long[] { 1, 1 }, 0, "more than 2^63 bytes")]
    [InlineData(4, new long[] { 2 }, new long[] { long.MaxValue }, 1, "more than 2^63 bytes")]
    [InlineData(4, new long[] { 4 }, new long[] { 1 }, 1, "its last value is at 4, outside the 4 elements")]
    [InlineData(4, new long[] { 4 }, new long[] { -1 }, 3, "not negative")]
    [InlineData(4, new long[] { -4 }, new long[] { 1 }, 0, "not negative")]
    [InlineData(4, new long[] { 4 }, new long[] { 1 }, -1, "not negative")]
    [InlineData(4, new long[] { 4 }, new long[] { 4, 1 }, 0, "as long as each other")]
    [InlineData(5, new long[] { 5 }, new long[] { 1 }, 0, "must hold 5 values of 4 bytes; it has 16 bytes")]
    [InlineData(3, new long[] { 3 }, new long[] { 1 }, 0, "must hold 3 values of 4 bytes; it has 16 bytes")]
    public void Read_TensorThatDoesNotFit_IsRefusedByArithmetic(
        long elements,
        long[] shape,
        long[] strides,
        long offset,
        string reason
    )
    {
        byte[] file = Zip(StateOf(Tensor(elements, shape, strides, offset)), ("a/data/0", FourFloats));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains(reason, Refusal(file), StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void Read_ManyDimensions_IsRefused() =>
        Assert.Contains(
            "at most 64",
            Refusal(
                Zip(
                    StateOf(Tensor(4, [.. Enumerable.Repeat(1L, 65)], [.. Enumerable.Repeat(1L, 65)])),
                    ("a/data/0", FourFloats)
                )
            ),
            StringComparison.Ordinal
        );

    [Fact]
    public void Read_MissingStorage_IsRefused() =>
        Assert.Contains(
            "tensor 'w': its storage 'a/data/7' is not in the archive",
            Refusal(Zip(StateOf(Tensor(4, [4], [1], key: "7")), ("a/data/0", FourFloats))),
            StringComparison.Ordinal
        );

    [Fact]
    public void Read_EntryTwice_IsRefused() =>
        Assert.Contains(
            "'a/data/0' comes twice",
            Refusal(Zip(StateOf(Tensor(4, [4], [1])), ("a/data/0", FourFloats), ("a/data/0", FourFloats))),
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("b/data.pkl", "has several")]
    [InlineData("a/constants.pkl", "use it as a TorchScript teacher")]
    [InlineData("a/code/__torch__.py", "use it as a TorchScript teacher")]
    [InlineData("a/byteorder", "byteorder must be 'little'")]
    public void Read_ForeignEntry_IsRefused(string name, string reason) =>
        Assert.Contains(
            reason,
            Refusal(Zip(StateOf(Tensor(4, [4], [1])), ("a/data/0", FourFloats), (name, "big"u8.ToArray()))),
            StringComparison.Ordinal
        );

    [Fact]
    public void Read_TorchScript_IsRefusedWithAdvice()
    {
        var error = Assert.Throws<CheckpointFormatException>(() => CheckpointReader.Read(Fixture("script.pt")));
        Assert.Contains(
            "is a TorchScript program, not a state dict; use it as a TorchScript teacher",
            error.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Read_ArchiveWithoutPickle_IsRefused() =>
        Assert.Contains(
            "this has none",
            Refusal(ZipOf(CompressionLevel.Optimal, ("a.txt", [1]))),
            StringComparison.Ordinal
        );

    [Fact]
    public void Read_ZipBomb_IsRefusedBeforeItIsUnpacked()
    {
        byte[] file = ZipOf(
            CompressionLevel.SmallestSize,
            ("a/data.pkl", Pickle($"{Protocol2}{StateOf(Tensor(8 << 20, [8 << 20], [1]))}.")),
            ("a/data/0", new byte[32 << 20])
        );
        Assert.InRange(file.Length, 1, 64 << 10);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("may unpack to at most", Refusal(file), StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void Read_EntryHoldsMoreThanItDeclares_IsReadOnlyAsFarAsDeclared()
    {
        byte[] file = ZipOf(
            CompressionLevel.SmallestSize,
            ("a/data.pkl", Pickle($"{Protocol2}{StateOf(Tensor(4, [4], [1]))}.")),
            ("a/data/0", new byte[100_000])
        );
        for (int at = 0; at <= file.Length - 4; at++)
            if (BitConverter.ToInt32(file, at) == 100_000)
                BitConverter.GetBytes(16).CopyTo(file, at); // both headers now say 16
        using var checkpoint = CheckpointReader.Read(file, "file.pt");
        Assert.Equal([0f, 0, 0, 0], checkpoint.Tensors["w"].data<float>().ToArray());
    }

    [Fact]
    public void Read_EntryHoldsLessThanItDeclares_IsRefused()
    {
        byte[] file = ZipOf(
            CompressionLevel.SmallestSize,
            ("a/data.pkl", Pickle($"{Protocol2}{StateOf(Tensor(1000, [1000], [1]))}.")),
            ("a/data/0", new byte[3999])
        );
        for (int at = 0; at <= file.Length - 4; at++)
            if (BitConverter.ToInt32(file, at) == 3999)
                BitConverter.GetBytes(4000).CopyTo(file, at);
        Refusal(file);
    }

    [Fact]
    public void Read_BillionLaughs_CostsNoMoreThanItsLength()
    {
        var body = new StringBuilder($"}}{Text("w")}{Tensor(4, [4], [1])}s{Text("epoch")}](K\u0001eq\u0000");
        for (int i = 0; i < 60; i++)
            body.Append($"0]({string.Concat(Enumerable.Repeat($"h{(char)i}", 10))}eq{(char)(i + 1)}"); // 10^60 ones
        byte[] file = Zip($"{body}s", ("a/data/0", FourFloats));
        long before = GC.GetAllocatedBytesForCurrentThread();
        using var checkpoint = CheckpointReader.Read(file, "file.pt");
        Assert.Equal(["w"], checkpoint.Tensors.Keys);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void Read_ManyTensorsOfOneStorage_AreRefusedByTheirSum()
    {
        var body = new StringBuilder($"}}{Text("w")}{Tensor(1 << 16, [1 << 16], [1])}q\u0000s");
        for (int i = 0; i < 50; i++)
            body.Append($"{Text($"w{i}")}h\u0000s");
        Assert.Contains(
            "at most 4 times as much is read",
            Refusal(Zip(body.ToString(), ("a/data/0", new byte[1 << 18]))),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("GIF89a-and-more", "starts with bytes 474946383961")]
    [InlineData("\u0080\u0002]q\u0000.", "is a pickle that torch.save did not write")]
    [InlineData("PK\u0003\u0004", "is no readable zip archive")]
    public void Read_OtherFormat_IsRefused(string characters, string reason) =>
        Assert.Contains(reason, Refusal(Pickle(characters)), StringComparison.Ordinal);

    [Theory]
    [InlineData("types_and_views.pt", 97)]
    [InlineData("nested.pt", 97)]
    [InlineData("nested_protocol4.pt", 97)]
    [InlineData("compressed.pt", 97)]
    [InlineData("legacy.th", 1)]
    public void Read_Truncated_IsRefused(string name, int step)
    {
        byte[] valid = File.ReadAllBytes(Fixture(name));
        for (int length = 0; length < valid.Length; length += step)
            Refusal(valid[..length]);
    }

    [Theory]
    [InlineData("94020255495056", "94020255495057", "is not in the")]
    [InlineData("little_endian", "little_endiax", "little_endian must be True")]
    public void Read_LegacyStreamThatContradictsItself_IsRefused(string text, string replacement, string reason)
    {
        string content = Encoding.Latin1.GetString(File.ReadAllBytes(Fixture("legacy.th")));
        int at = content.IndexOf(text, StringComparison.Ordinal);
        Assert.Contains(
            reason,
            Refusal(Pickle(content.Remove(at, text.Length).Insert(at, replacement))),
            StringComparison.Ordinal
        );
    }
}
