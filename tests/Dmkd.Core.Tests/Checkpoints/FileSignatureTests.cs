using System.Text;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Checkpoints;

/// <summary>What is no checkpoint is called by its name; what is in several files is put together.</summary>
public sealed class FileSignatureTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dmkd-shards-").FullName;

    public static TheoryData<byte[], string> Others =>
        new()
        {
            { [], "is empty" },
            { [.. "version https://git-lfs.github.com/spec/v1\noid sha256:0"u8], "is a Git LFS pointer" },
            { [.. "<!DOCTYPE html><html>"u8], "is a web page" },
            { [.. "\r\n <html lang='en'>"u8], "is a web page" },
            { [0x1f, 0x8b, 8, 0], "is compressed with gzip" },
            { [.. new byte[257], .. "ustar\0"u8, .. new byte[250]], "is a tar archive" },
            { [0x89, .. "HDF\r\n"u8, 0x1a, 10, 0, 0], "is an HDF5 file" },
            { [0x80, 4, 0x95, 1, 2, 3, 4, 5, 6, 7, 8, (byte)'}', (byte)'.'], "a pickle that torch.save did not write" },
            { [.. "{\"a\": 1}"u8], "is a JSON document and no index of shards" },
            { [1, 2, 3], "starts with bytes 010203; it must be safetensors" },
        };

    [Theory]
    [MemberData(nameof(Others))]
    public void Read_OtherFile_SaysWhatItIs(byte[] content, string problem)
    {
        string path = Write("file.pt", content);
        string message = Assert.Throws<CheckpointFormatException>(() => CheckpointReader.Read(path)).Message;
        Assert.StartsWith($"{path}: ", message, StringComparison.Ordinal);
        Assert.Contains(problem, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Read_IndexOfShards_HasTheTensorsOfAll()
    {
        Shard("one.safetensors", "a", 1);
        Shard("two.safetensors", "b", 2);
        using var read = CheckpointReader.Read(Index("""{"a":"one.safetensors","b":"two.safetensors"}"""));
        Assert.Equal(["a", "b"], read.Tensors.Keys);
        Assert.Equal(2, read.Tensors["b"].item<float>());
        Assert.Equal("safetensors", read.Format);
    }

    [Theory]
    [InlineData("""{"a":"gone.safetensors"}""", "its file 'gone.safetensors' is missing")]
    [InlineData("""{"a":"../one.safetensors"}""", "'../one.safetensors' is no name of a file beside it")]
    [InlineData("""{"a":7}""", "'' is no name of a file beside it")]
    [InlineData("""{}""", "must name 1 to 1000 files; it names 0")]
    [InlineData("""{"c":"one.safetensors"}""", "tensor 'c' is not in the shard that it names")]
    public void Read_IndexThatDoesNotFit_IsRefused(string map, string problem)
    {
        Shard("one.safetensors", "a", 1);
        string path = Index(map);
        string message = Assert.Throws<CheckpointFormatException>(() => CheckpointReader.Read(path)).Message;
        Assert.Contains(problem, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("U16", 2)]
    [InlineData("U32", 4)]
    [InlineData("U64", 8)]
    [InlineData("F8_E4M3", 1)]
    [InlineData("F8_E5M2", 1)]
    public void Read_TensorOfATypeThatLibtorchLacks_IsPassedBy(string type, int bytes)
    {
        byte[] file = SafeTensors(
            $$$"""{"__metadata__":null,"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":{"x":[1]}},"s":{"dtype":"{{{type}}}","shape":[2],"data_offsets":[4,{{{4 + 2 * bytes}}}]}}""",
            [.. TorchFiles.Floats(5), .. new byte[2 * bytes]]
        );
        using var read = CheckpointReader.Read(file, "file");
        Assert.Equal(5, Assert.Single(read.Tensors).Value.item<float>());
        Assert.Equal(type, read.Unreadable["s"]);
        Assert.Throws<CheckpointFormatException>(() => SafeTensorsReader.Read(file)); // what nodes send is strict
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static byte[] SafeTensors(string header, byte[] data) =>
        [
            .. BitConverter.GetBytes((long)Encoding.UTF8.GetByteCount(header)),
            .. Encoding.UTF8.GetBytes(header),
            .. data,
        ];

    private string Index(string map) =>
        Write("model.safetensors.index.json", Encoding.UTF8.GetBytes($$$"""{"metadata":{},"weight_map":{{{map}}}}"""));

    private void Shard(string file, string name, float value)
    {
        using var one = tensor(new[] { value });
        Write(file, SafeTensorsWriter.ToBytes([KeyValuePair.Create(name, one)], new Dictionary<string, string>()));
    }

    private string Write(string name, byte[] content)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, content);
        return path;
    }
}
