using System.IO.Compression;
using System.Text;

namespace Dmkd.Core.Tests.Checkpoints;

/// <summary>Writes TorchScript programs as <c>torch.jit.save</c> does: one module without parameters.</summary>
internal static class ScriptPrograms
{
    /// <summary>Three logits from the means of an image's channels.</summary>
    public const string Means = "torch.mean(x, [2, 3])";

    /// <summary>The module whose forward returns an expression of <c>x</c>.</summary>
    /// <param name="expression">Such as <see cref="Means"/>.</param>
    /// <param name="type">What it is.</param>
    public static byte[] Returning(string expression, string type = "Tensor") => Of($"    return {expression}\n", type);

    /// <summary>The module with a body.</summary>
    /// <param name="body">Lines, indented by four.</param>
    /// <param name="type">What it returns.</param>
    /// <param name="more">Other entries, in the place of those of their names.</param>
    public static byte[] Of(string body, string type = "Tensor", params (string Name, byte[] Data)[] more)
    {
        string code =
            "class Net(Module):\n  __parameters__ = []\n  __buffers__ = []\n  training : bool\n"
            + $"  def forward(self: __torch__.Net,\n    x: Tensor) -> {type}:\n{body}";
        var entries = new Dictionary<string, byte[]>
        {
            ["data.pkl"] = Encoding.Latin1.GetBytes(
                "\u0080\u0002c__torch__\nNet\n)\u0081}(X\u0008\u0000\u0000\u0000training\u0089ub."
            ),
            ["code/__torch__.py"] = Encoding.UTF8.GetBytes(code),
            ["constants.pkl"] = [0x80, 2, .. ")."u8],
            ["version"] = [.. "3\n"u8],
        };
        foreach (var (name, data) in more)
            entries[name] = data;
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, data) in entries)
            {
                using var entry = archive.CreateEntry($"net/{name}", CompressionLevel.NoCompression).Open();
                entry.Write(data);
            }
        }

        return stream.ToArray();
    }
}
