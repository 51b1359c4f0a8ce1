using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Dmkd.Grains.Placement;

/// <summary>Whose turn it is to take a node. Pure, and the same on every silo, whichever is asked.</summary>
internal static class NodeTurns
{
    private const string Before = "/node-";

    /// <summary>Nodes of a run follow one another; each run begins at a silo of its own, so that runs of few nodes do not all meet on the first.</summary>
    /// <param name="key">Key of the node, <c>run/node-3</c> or <c>run/node-3@cuda</c>.</param>
    /// <param name="silos">Number of silos; positive.</param>
    /// <returns>Place of the silo, in [0, silos).</returns>
    public static int Of(string key, int silos)
    {
        int at = key.LastIndexOf(Before, StringComparison.Ordinal);
        string run = at < 0 ? key : key[..at];
        string number = at < 0 ? "" : new string([.. key[(at + Before.Length)..].TakeWhile(char.IsAsciiDigit)]);
        uint first = BinaryPrimitives.ReadUInt32LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(run)));
        uint node = uint.TryParse(number, CultureInfo.InvariantCulture, out uint parsed) ? parsed : 0;
        return (int)(((ulong)first + node) % (ulong)silos);
    }
}
