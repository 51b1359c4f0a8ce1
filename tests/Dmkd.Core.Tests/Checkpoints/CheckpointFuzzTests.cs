using System.Diagnostics;
using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Devices;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Checkpoints;

public class CheckpointFuzzTests
{
    private const int Mutations = 2_000;

    [Theory]
    [InlineData("types_and_views.pt", 1)]
    [InlineData("nested.pt", 2)]
    [InlineData("nested_protocol4.pt", 3)]
    [InlineData("compressed.pt", 4)]
    [InlineData("legacy.th", 5)]
    [InlineData("safetensors", 6)]
    public void Read_Mutated_SucceedsOrIsRefusedWithinBounds(string name, int seed)
    {
        byte[] valid = name == "safetensors" ? SafeTensorsFile() : File.ReadAllBytes(TorchFiles.Fixture(name));
        var random = new Random(seed);
        int refused = 0;
        Assert.Equal(
            0,
            LiveTensors.Change(() =>
            {
                for (int i = 0; i < Mutations; i++)
                    refused += IsRefused(Mutate(valid, random), $"{name}, mutation {i}") ? 1 : 0;
            })
        );
        Assert.InRange(refused, Mutations / 10, Mutations - 1); // some mutations hit values or unused fields
    }

    private static bool IsRefused(byte[] file, string mutation)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        bool isRefused = false;
        long nativeBytes = 0;
        try
        {
            using var checkpoint = CheckpointReader.Read(file, "file");
            nativeBytes = checkpoint.Tensors.Values.Sum(tensor => tensor.numel() * tensor.element_size());
        }
        catch (CheckpointFormatException e)
        {
            isRefused = true;
            Assert.DoesNotContain('\n', e.Message);
        }
        catch (Exception e)
        {
            Assert.Fail($"{mutation}: {e}");
        }

        long bytes = GC.GetAllocatedBytesForCurrentThread() - before + nativeBytes;
        Assert.True(
            bytes <= 64L * file.Length + (16 << 20),
            $"{mutation}: a file of {file.Length} bytes took {bytes}."
        );
        // Files are a few kB and take well under a millisecond; the bound only finds what grows without one, also on a
        // busy machine.
        Assert.True(
            Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(5),
            $"{mutation}: took {Stopwatch.GetElapsedTime(start)}."
        );
        return isRefused;
    }

    private static byte[] Mutate(byte[] valid, Random random)
    {
        var bytes = new List<byte>(valid);
        for (int edits = random.Next(1, 4); edits > 0 && bytes.Count > 8; edits--)
        {
            int at = random.Next(bytes.Count - 4);
            switch (random.Next(7))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes[at] = (byte)"\u0080\u0095.(0t}]u)Rbhq\u0094QcXK\u008a\u0085\u0086\u0087"[random.Next(23)];
                    break; // an opcode
                case 3:
                    SetLength(bytes, at, random);
                    break;
                case 4:
                    Splice(bytes, at, random);
                    break;
                case 5:
                    bytes.RemoveRange(at, Math.Min(bytes.Count - at, random.Next(1, 9)));
                    break;
                default:
                    if (random.Next(4) == 0)
                        bytes.RemoveRange(at, bytes.Count - at);
                    break;
            }
        }

        return [.. bytes];
    }

    /// <summary>Overwrites four bytes by a length that tends to matter.</summary>
    private static void SetLength(List<byte> bytes, int at, Random random)
    {
        int[] lengths = [0, -1, int.MaxValue, int.MinValue, 1, 1 << 24, bytes.Count, bytes.Count - at];
        byte[] length = BitConverter.GetBytes(lengths[random.Next(lengths.Length)]);
        for (int i = 0; i < length.Length; i++)
            bytes[at + i] = length[i];
    }

    /// <summary>Copies a piece of the file to another place.</summary>
    private static void Splice(List<byte> bytes, int at, Random random)
    {
        int from = random.Next(bytes.Count);
        bytes.InsertRange(at, bytes.GetRange(from, Math.Min(bytes.Count - from, random.Next(1, 64))));
    }

    private static byte[] SafeTensorsFile()
    {
        using var scope = NewDisposeScope();
        return SafeTensorsWriter.ToBytes(
            [
                KeyValuePair.Create("conv.weight", ones(2, 3)),
                KeyValuePair.Create("mask", ones(3, ScalarType.Bool)),
                KeyValuePair.Create("none", zeros(0, 4)),
            ],
            new Dictionary<string, string> { ["by"] = "us" }
        );
    }
}
