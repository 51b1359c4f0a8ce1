using CsCheck;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Checkpoints;

public class SafeTensorsPropertyTests
{
    private static readonly ScalarType[] Types =
    [
        ScalarType.Float32,
        ScalarType.Float64,
        ScalarType.Float16,
        ScalarType.BFloat16,
        ScalarType.Int64,
        ScalarType.Int32,
        ScalarType.Int16,
        ScalarType.Int8,
        ScalarType.Byte,
        ScalarType.Bool,
    ];

    private static readonly Gen<(string Name, ScalarType Type, long[] Shape)> Description = Gen.Select(
        Gen.String[0, 12].Where(name => name != "__metadata__" && !name.Any(char.IsSurrogate)),
        Gen.OneOf(Types),
        Gen.Long[0, 4].Array[0, 4]
    );

    private static readonly Gen<Dictionary<string, string>> Metadata = Gen.Dictionary(
        Gen.String[Gen.Char.AlphaNumeric, 0, 6],
        Gen.String[Gen.Char.AlphaNumeric, 0, 9]
    )[0, 4];

    [Fact]
    public void WriteThenRead_AnyTensorsAndMetadata_GivesThemBack() =>
        Gen.Select(Description.Array[0, 6], Metadata, Gen.ULong)
            .Sample(
                (descriptions, metadata, seed) =>
                {
                    using var scope = NewDisposeScope();
                    using var generator = new Generator(seed);
                    var tensors = descriptions
                        .DistinctBy(d => d.Name)
                        .ToDictionary(d => d.Name, d => Random(d.Type, d.Shape, generator));
                    byte[] bytes = SafeTensorsWriter.ToBytes(tensors, metadata);
                    using var file = SafeTensorsReader.Read(bytes);
                    Assert.Equal(metadata, file.Metadata);
                    Assert.Equal(
                        tensors.Keys.Order(StringComparer.Ordinal),
                        file.Tensors.Keys.Order(StringComparer.Ordinal)
                    );
                    foreach (var (name, tensor) in tensors)
                        AssertSame(tensor, file.Tensors[name]);
                    Assert.Equal(bytes, SafeTensorsWriter.ToBytes(file.Tensors, file.Metadata)); // canonical
                },
                iter: 300,
                threads: 1
            );

    [Fact]
    public void Read_MutatedFile_ParsesOrThrowsFormatException()
    {
        byte[] valid = ValidFile();
        var random = new Random(20260101);
        int refused = 0;
        for (int i = 0; i < 2000; i++)
            refused += IsRefused(Mutate(valid, random)) ? 1 : 0;
        Assert.InRange(refused, 1000, 1999); // most bytes of a small file are header; flipped values stay valid
    }

    [Fact]
    public void Read_TruncatedFile_IsRefusedAtEveryLength()
    {
        byte[] valid = ValidFile();
        for (int length = 0; length < valid.Length; length++)
            Assert.True(IsRefused(valid[..length]), $"length {length}");
        Assert.False(IsRefused(valid));
    }

    private static bool IsRefused(byte[] file)
    {
        try
        {
            SafeTensorsReader.Read(file).Dispose();
            return false;
        }
        catch (CheckpointFormatException)
        {
            return true;
        }
    }

    private static byte[] Mutate(byte[] valid, Random random)
    {
        var bytes = valid.ToList();
        for (int edits = random.Next(1, 4); edits > 0 && bytes.Count > 0; edits--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes.RemoveAt(at);
                    break;
                case 3:
                    bytes.Insert(at, "0123456789{}[],:\"-"u8[random.Next(18)]);
                    break;
                default:
                    bytes.RemoveRange(at, Math.Min(bytes.Count - at, random.Next(1, 9)));
                    break;
            }
        }

        return [.. bytes];
    }

    private static byte[] ValidFile()
    {
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor>
        {
            ["conv.weight"] = ones(2, 3),
            ["steps"] = tensor(5L),
            ["mask"] = ones(3, ScalarType.Bool),
            ["none"] = zeros(0, 4),
        };
        return SafeTensorsWriter.ToBytes(
            tensors,
            new Dictionary<string, string> { ["architecture"] = "convnet(1x4x4;2;2)" }
        );
    }

    private static Tensor Random(ScalarType type, long[] shape, Generator generator) =>
        type == ScalarType.Bool
            ? randn(shape, generator: generator) > 0
            : (randn(shape, generator: generator) * 50).to(type);

    private static void AssertSame(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.dtype, actual.dtype);
        Assert.Equal(expected.shape, actual.shape);
        Assert.True(expected.bytes.SequenceEqual(actual.bytes));
    }
}
