using System.Buffers.Binary;
using System.Text;
using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Devices;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Checkpoints;

public class SafeTensorsReaderTests
{
    [Theory]
    [InlineData("[]", 0, "must start with '{'")]
    [InlineData(" {}", 0, "must start with '{'")]
    [InlineData("", 0, "must start with '{'")]
    [InlineData("{} {}", 0, "not valid JSON")]
    [InlineData("""{"w":""", 0, "tensor 'w' is not valid JSON")]
    [InlineData("""{"w":7}""", 0, "tensor 'w': expected StartObject, found Number")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1]}}""", 4, "tensor 'w': needs dtype, shape and two data_offsets")]
    [InlineData(
        """{"w":{"dtype":"F32","shape":[1],"data_offsets":[0]}}""",
        4,
        "needs dtype, shape and two data_offsets"
    )]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}""", 4, "more than 2 numbers")]
    [InlineData(
        """{"w":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}""",
        4,
        "field 'dtype' is unknown or comes twice"
    )]
    [InlineData(
        """{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}""",
        4,
        "field 'x' is unknown or comes twice"
    )]
    [InlineData("""{"w":{"dtype":"F8","shape":[1],"data_offsets":[0,4]}}""", 4, "dtype 'F8' is none of I64, F64, F32")]
    [InlineData("""{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "not negative")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}""", 4, "whole numbers")]
    [InlineData("""{"w":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}""", 4, "whole numbers")]
    [InlineData("""{"w":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}""", 4, "whole numbers")]
    [InlineData(
        """{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}""",
        4,
        "more than 2^63 bytes"
    )]
    [InlineData(
        """{"w":{"dtype":"F32","shape":[0,4294967296,4294967296],"data_offsets":[0,0]}}""",
        0,
        "more than 2^63 bytes"
    )]
    [InlineData(
        """{"w":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4]}}""",
        4,
        "takes 4398046511104 bytes, but data_offsets hold 4"
    )]
    [InlineData(
        """{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}""",
        4,
        "data_offsets [0, 8] are not within the 4 bytes"
    )]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4, "data_offsets [4, 0] are not within")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "data starts at 4, after a gap")]
    [InlineData(
        """{"v":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""",
        12,
        "tensor 'w': data starts at 4, inside"
    )]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 5, "1 bytes follow the last tensor")]
    [InlineData("{}", 1, "1 bytes follow the last tensor")]
    [InlineData(
        """{"w":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"w":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}""",
        0,
        "'w' comes twice"
    )]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "metadata: expected String, found Number")]
    [InlineData("""{"__metadata__":{"a":"1","a":"2"}}""", 0, "key 'a' comes twice")]
    [InlineData("""{"__metadata__":{},"__metadata__":{}}""", 0, "'__metadata__' comes twice")]
    [InlineData("""{"w":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}}""", 1, "a BOOL byte is neither 0 nor 1")]
    [InlineData("""{"\ud800":7}""", 0, "not valid JSON")]
    public void Read_BrokenFile_IsRefusedWithTheReason(string header, int dataBytes, string reason)
    {
        byte[] file = Build(header, [.. Enumerable.Repeat((byte)2, dataBytes)]);
        var error = Assert.Throws<CheckpointFormatException>(() => SafeTensorsReader.Read(file));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData(new byte[0], "ends at byte 0; 8 more")]
    [InlineData(new byte[] { 1, 2, 3 }, "ends at byte 3; 5 more")]
    [InlineData(
        new byte[] { 3, 0, 0, 0, 0, 0, 0, 0, 123, 125 },
        "header length must be in [0, 2] for a file of 10 bytes; it is 3"
    )]
    [InlineData(new byte[] { 255, 255, 255, 255, 255, 255, 255, 255, 123, 125 }, "it is 18446744073709551615")]
    public void Read_BadPrefix_IsRefusedWithTheReason(byte[] file, string reason)
    {
        var error = Assert.Throws<CheckpointFormatException>(() => SafeTensorsReader.Read(file));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ManyDimensions_IsRefused() =>
        Assert.Throws<CheckpointFormatException>(() =>
            SafeTensorsReader.Read(
                Build(
                    $$$"""{"w":{"dtype":"F32","shape":[{{{string.Join(',', Enumerable.Repeat(1, 65))}}}],"data_offsets":[0,4]}}""",
                    new byte[4]
                )
            )
        );

    [Fact]
    public void Read_HostileName_StaysOnOneShortLine()
    {
        byte[] file = Build($$"""{"a\nb{{new string('x', 5000)}}":7}""", []);
        var error = Assert.Throws<CheckpointFormatException>(() => SafeTensorsReader.Read(file));
        Assert.DoesNotContain('\n', error.Message);
        Assert.InRange(error.Message.Length, 1, 300);
    }

    [Fact]
    public void Read_HeaderOverTheLimit_IsRefusedBeforeItIsRead()
    {
        string path = Path.GetTempFileName();
        try
        {
            using (var file = File.OpenWrite(path))
            {
                file.SetLength(200_000_000); // sparse
                file.Write(BitConverter.GetBytes(100_000_001L));
            }

            var error = Assert.Throws<CheckpointFormatException>(() => SafeTensorsReader.Read(path));
            Assert.StartsWith(
                $"{path}: header length must be in [0, 100000000]",
                error.Message,
                StringComparison.Ordinal
            );
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Read_File_GivesWhatReadingItsBytesGives()
    {
        string path = Path.GetTempFileName();
        try
        {
            byte[] bytes = Build(
                """{"__metadata__":{"k":"v"},"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}""",
                [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]
            );
            File.WriteAllBytes(path, bytes);
            using var file = SafeTensorsReader.Read(path);
            Assert.Equal("v", file.Metadata["k"]);
            Assert.Equal([2, 1], file.Tensors["w"].shape);
            Assert.Equal([1f, -2f], file.Tensors["w"].data<float>().ToArray());
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Read_InsideAScope_TensorsOutliveIt()
    {
        SafeTensorsFile file;
        using (NewDisposeScope())
            file = SafeTensorsReader.Read(Build("""{"w":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}""", [7]));
        using (file)
            Assert.Equal(7, file.Tensors["w"].item<byte>());
    }

    [Fact]
    public void Read_LeaksNoTensorWhetherItSucceedsOrFails()
    {
        byte[] good = Build("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", new byte[4]);
        byte[] bad = Build(
            """{"v":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"BOOL","shape":[1],"data_offsets":[4,5]}}""",
            [0, 0, 0, 0, 9]
        );
        Assert.Equal(0, LiveTensors.Change(() => SafeTensorsReader.Read(good).Dispose()));
        Assert.Equal(
            0,
            LiveTensors.Change(() => Assert.Throws<CheckpointFormatException>(() => SafeTensorsReader.Read(bad)))
        );
    }

    private static byte[] Build(string header, byte[] data)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        return [.. length, .. json, .. data];
    }
}
