using Dmkd.Client.Hosting;
using Dmkd.Grains.Hosting;

namespace Dmkd.Client.Doctor;

/// <summary>The folder of runs and modules.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Exists">Whether it was made already; <c>run</c> makes it.</param>
/// <param name="DatabaseBytes">Size of the stored state; 0 without any.</param>
/// <param name="FreeBytes">Room left on its disk.</param>
/// <param name="Problem">Why it cannot be used now; null when it can.</param>
internal sealed record HomeCheck(string Path, bool Exists, long DatabaseBytes, long FreeBytes, string? Problem)
{
    /// <summary>Looks without making anything that stays.</summary>
    public static HomeCheck Look(string path)
    {
        bool exists = Directory.Exists(path);
        FileInfo database = new(new SiloStorageOptions(path).DatabasePath);
        return new HomeCheck(path, exists, database.Exists ? database.Length : 0, new DriveInfo(ExistingPart(path)).AvailableFreeSpace, exists ? ProblemOf(path) : null);
    }

    private static string? ProblemOf(string path)
    {
        try
        {
            using var taken = HomeFolder.Take(path);
            return null;
        }
        catch (BadInputException e)
        {
            return e.Message;
        }
    }

    private static string ExistingPart(string path)
    {
        string part = path;
        while (!Directory.Exists(part)) part = System.IO.Path.GetDirectoryName(part) ?? "/";
        return part;
    }
}
