using System.Text;
using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Devices;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Checkpoints;

public class SafeTensorsWriterTests
{
    [Fact]
    public void ToBytes_TinyExample_IsTheFormatByteForByte()
    {
        using var scope = NewDisposeScope();
        var tensors = Named(("b", tensor([1f, -2f])), ("a", tensor(258L)));
        string header =
            """{"__metadata__":{"by":"us"},"a":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""";
        byte[] expected =
        [
            136,
            0,
            0,
            0,
            0,
            0,
            0,
            0, // 134 characters and 2 spaces
            .. Encoding.ASCII.GetBytes(header),
            .. "  "u8,
            2,
            1,
            0,
            0,
            0,
            0,
            0,
            0, // 258
            0,
            0,
            0x80,
            0x3f,
            0,
            0,
            0,
            0xc0, // 1, -2
        ];
        Assert.Equal(134, header.Length);
        Assert.Equal(expected, SafeTensorsWriter.ToBytes(tensors, new Dictionary<string, string> { ["by"] = "us" }));
    }

    [Fact]
    public void ToBytes_NoTensors_IsAnEmptyObject() =>
        Assert.Equal([8, 0, 0, 0, 0, 0, 0, 0, .. "{}      "u8], SafeTensorsWriter.ToBytes([]));

    [Fact]
    public void ToBytes_OtherOrderOfTensorsAndMetadata_GivesTheSameBytes()
    {
        using var scope = NewDisposeScope();
        KeyValuePair<string, Tensor>[] tensors = Named(
            ("z", ones(2)),
            ("Z", zeros(3)),
            ("é", ones(1)),
            ("d", ones(2, ScalarType.Float64)),
            ("f", ones(2, ScalarType.Bool))
        );
        byte[] forward = SafeTensorsWriter.ToBytes(
            tensors,
            new Dictionary<string, string> { ["x"] = "1", ["y"] = "2" }
        );
        byte[] backward = SafeTensorsWriter.ToBytes(
            tensors.Reverse(),
            new Dictionary<string, string> { ["y"] = "2", ["x"] = "1" }
        );
        Assert.Equal(forward, backward);
    }

    [Fact]
    public void ToBytes_MixedTypes_PutsWidestFirstThenByName()
    {
        using var scope = NewDisposeScope();
        var tensors = Named(
            ("bool", ones(1, ScalarType.Bool)),
            ("half", ones(1, ScalarType.Float16)),
            ("brain", ones(1, ScalarType.BFloat16)),
            ("f32b", ones(1)),
            ("f32a", ones(1)),
            ("f64", ones(1, ScalarType.Float64)),
            ("i64", ones(1, ScalarType.Int64))
        );
        using var file = SafeTensorsReader.Read(SafeTensorsWriter.ToBytes(tensors));
        Assert.Equal(["i64", "f64", "f32a", "f32b", "brain", "half", "bool"], file.Tensors.Keys);
    }

    [Fact]
    public void ToBytes_TransposedTensor_WritesRowMajorValues()
    {
        using var scope = NewDisposeScope();
        var transposed = tensor(
                new float[,]
                {
                    { 1, 2 },
                    { 3, 4 },
                }
            )
            .t();
        var copy = tensor(
            new float[,]
            {
                { 1, 3 },
                { 2, 4 },
            }
        );
        Assert.Equal(
            SafeTensorsWriter.ToBytes(Named(("w", copy))),
            SafeTensorsWriter.ToBytes(Named(("w", transposed)))
        );
    }

    [Fact]
    public void Write_Stream_GivesTheBytesOfToBytesAndStaysOpen()
    {
        using var scope = NewDisposeScope();
        var tensors = Named(("w", arange(10, ScalarType.Float32)));
        using var stream = new MemoryStream();
        SafeTensorsWriter.Write(stream, tensors);
        Assert.True(stream.CanWrite);
        Assert.Equal(SafeTensorsWriter.ToBytes(tensors), stream.ToArray());
    }

    [Theory]
    [InlineData("w", "w")]
    [InlineData("w", "__metadata__")]
    public void ToBytes_RepeatedOrReservedName_IsRefused(string first, string second)
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<ArgumentException>(() =>
            SafeTensorsWriter.ToBytes(Named((first, ones(1)), (second, ones(1))))
        );
        Assert.Contains(second, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ToBytes_ComplexTensor_IsRefusedByName()
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<ArgumentException>(() =>
            SafeTensorsWriter.ToBytes(Named(("spectrum", ones(1, ScalarType.ComplexFloat32))))
        );
        Assert.Contains("'spectrum' is ComplexFloat32", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ToBytes_LeaksNoTensor()
    {
        using var values = arange(10, ScalarType.Float32);
        Assert.Equal(0, LiveTensors.Change(() => SafeTensorsWriter.ToBytes(Named(("w", values)))));
    }

    private static KeyValuePair<string, Tensor>[] Named(params (string Name, Tensor Tensor)[] tensors) =>
        [.. tensors.Select(t => KeyValuePair.Create(t.Name, t.Tensor))];
}
