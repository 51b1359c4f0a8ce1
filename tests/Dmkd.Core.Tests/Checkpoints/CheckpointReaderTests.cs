using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Devices;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Checkpoints;

public class CheckpointReaderTests
{
    [Theory]
    [InlineData("row", new long[] { 3, 4 }, new float[] { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 })]
    [InlineData("transposed", new long[] { 4, 3 }, new float[] { 0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11 })]
    [InlineData("inner", new long[] { 2, 2 }, new float[] { 5, 6, 9, 10 })]
    [InlineData("broadcast", new long[] { 2, 3 }, new float[] { 1, 2, 3, 1, 2, 3 })]
    [InlineData("single", new long[0], new float[] { 2.5f })]
    [InlineData("none", new long[] { 0, 4 }, new float[0])]
    public void Read_ViewsOfStorages_ComeOutContiguousAndApart(string name, long[] shape, float[] values)
    {
        using var checkpoint = CheckpointReader.Read(TorchFiles.Fixture("types_and_views.pt"));
        using var scope = NewDisposeScope();
        var tensor = checkpoint.Tensors[name];
        Assert.Equal(CheckpointReader.PyTorchZip, checkpoint.Format);
        Assert.Equal(shape, tensor.shape);
        Assert.True(tensor.is_contiguous());
        Assert.Equal(values, tensor.numel() == 0 ? [] : tensor.data<float>().ToArray());
    }

    [Fact]
    public void Read_SharedStorage_TensorsShareNoMemory()
    {
        using var checkpoint = CheckpointReader.Read(TorchFiles.Fixture("types_and_views.pt"));
        using var scope = NewDisposeScope();
        checkpoint.Tensors["row"].zero_();
        Assert.Equal([5f, 6, 9, 10], checkpoint.Tensors["inner"].data<float>().ToArray());
        Assert.Equal(["row", "transposed", "inner", "broadcast"], checkpoint.Tensors.Keys.Take(4));
    }

    [Theory]
    [InlineData("FloatStorage", ScalarType.Float32)]
    [InlineData("DoubleStorage", ScalarType.Float64)]
    [InlineData("HalfStorage", ScalarType.Float16)]
    [InlineData("BFloat16Storage", ScalarType.BFloat16)]
    [InlineData("LongStorage", ScalarType.Int64)]
    [InlineData("IntStorage", ScalarType.Int32)]
    [InlineData("ShortStorage", ScalarType.Int16)]
    [InlineData("CharStorage", ScalarType.Int8)]
    [InlineData("ByteStorage", ScalarType.Byte)]
    [InlineData("BoolStorage", ScalarType.Bool)]
    public void Read_EveryElementType_KeepsTypeAndValues(string name, ScalarType type)
    {
        using var checkpoint = CheckpointReader.Read(TorchFiles.Fixture("types_and_views.pt"));
        using var scope = NewDisposeScope();
        var tensor = checkpoint.Tensors[name];
        Assert.Equal(type, tensor.dtype);
        Assert.Equal(
            type == ScalarType.Bool ? [1f, 0f] : [1f, 2f],
            tensor.to(ScalarType.Float32).data<float>().ToArray()
        );
    }

    [Theory]
    [InlineData("nested.pt")]
    [InlineData("nested_protocol4.pt")]
    [InlineData("compressed.pt")]
    public void Read_TrainersCheckpoint_GivesStateDictAndFacts(string file)
    {
        using var checkpoint = CheckpointReader.Read(TorchFiles.Fixture(file));
        Assert.Equal(["fc.weight", "fc.bias"], checkpoint.Tensors.Keys);
        Assert.Equal([0f, 1, 2, 3, 4, 5], checkpoint.Tensors["fc.weight"].data<float>().ToArray());
        var expected = new Dictionary<string, string>
        {
            ["epoch"] = "12",
            ["arch"] = "résnet",
            ["best_acc1"] = "91.5",
            ["lr"] = "0.1",
            ["done"] = "true",
            ["negative"] = "-5",
            ["wide"] = "70000",
            ["big"] = "1180591620717411303424",
            ["dtype"] = "torch.float32",
        };
        Assert.Equal(
            expected.OrderBy(pair => pair.Key, StringComparer.Ordinal),
            checkpoint.Metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal)
        );
    }

    [Fact]
    public void Read_LegacyStream_GivesTensorsOfTheirTypes()
    {
        using var checkpoint = CheckpointReader.Read(TorchFiles.Fixture("legacy.th"));
        Assert.Equal(CheckpointReader.PyTorchLegacy, checkpoint.Format);
        Assert.Equal([0f, 3, 1, 4, 2, 5], checkpoint.Tensors["module.weight"].data<float>().ToArray());
        Assert.Equal(ScalarType.Float16, checkpoint.Tensors["module.bias"].dtype);
        Assert.Equal("91.78", checkpoint.Metadata["best_prec1"]);
    }

    [Fact]
    public void Read_SafeTensors_IsToldByContent()
    {
        using var two = ones(2);
        using var checkpoint = CheckpointReader.Read(
            SafeTensorsWriter.ToBytes([KeyValuePair.Create("w", two)], new Dictionary<string, string> { ["k"] = "v" }),
            "w.pth"
        );
        Assert.Equal(CheckpointReader.SafeTensors, checkpoint.Format);
        Assert.Equal([2L], checkpoint.Tensors["w"].shape);
        Assert.Equal("v", checkpoint.Metadata["k"]);
    }

    [Theory]
    [InlineData("types_and_views.pt")]
    [InlineData("nested.pt")]
    [InlineData("legacy.th")]
    public void Read_LeaksNoTensor(string file) =>
        Assert.Equal(0, LiveTensors.Change(() => CheckpointReader.Read(TorchFiles.Fixture(file)).Dispose()));

    [Fact]
    public void Read_LaterTensorIsBroken_LeaksNoTensor()
    {
        byte[] file = TorchFiles.Zip(
            $"}}{TorchFiles.Text("a")}{TorchFiles.Tensor(1, [1], [1])}s{TorchFiles.Text("b")}{TorchFiles.Tensor(1, [1], [1], key: "1")}s",
            ("a/data/0", new byte[4])
        );
        Assert.Equal(0, LiveTensors.Change(() => TorchFiles.Refusal(file)));
    }

    [Fact]
    public void Read_InsideAScope_TensorsOutliveIt()
    {
        Checkpoint checkpoint;
        using (NewDisposeScope())
            checkpoint = CheckpointReader.Read(TorchFiles.Fixture("nested.pt"));
        using (checkpoint)
            Assert.Equal(6, checkpoint.Tensors["fc.weight"].numel());
    }

    [Fact]
    public void Read_PublishedResNet20_HasItsLayersAndItsAccuracy()
    {
        using var checkpoint = CheckpointReader.Read(PublishedResNet20());
        Assert.Equal(CheckpointReader.PyTorchLegacy, checkpoint.Format);
        Assert.Equal([16L, 3, 3, 3], checkpoint.Tensors["module.conv1.weight"].shape);
        Assert.Equal([64L, 64, 3, 3], checkpoint.Tensors["module.layer3.2.conv2.weight"].shape);
        Assert.Equal([10L, 64], checkpoint.Tensors["module.linear.weight"].shape);
        Assert.Equal(19, checkpoint.Tensors.Values.Count(tensor => tensor.dim() == 4)); // and the linear layer: 20
        Assert.Equal(97, checkpoint.Tensors.Count);
        Assert.StartsWith("91.78", checkpoint.Metadata["best_prec1"], StringComparison.Ordinal);
        using var scope = NewDisposeScope();
        Assert.All(checkpoint.Tensors.Values, tensor => Assert.True(tensor.isfinite().all().item<bool>()));
    }

    private static string PublishedResNet20()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string path = Path.Combine(folder.FullName, "shared", "checkpoints", "resnet20-12fca82f.th");
            if (File.Exists(path))
                return path;
        }

        Assert.Skip("shared/checkpoints/resnet20-12fca82f.th is not beside the repository.");
        return "";
    }
}
