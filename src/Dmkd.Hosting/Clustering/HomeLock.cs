using System.Text.Json;

namespace Dmkd.Hosting.Clustering;

/// <summary>
/// The hold of a process on a home folder: two silos on one store would be two clusters. Who holds it is written beside
/// the lock, for the messages and calls of others; the file counts only while the lock is held.
/// </summary>
public sealed class HomeLock : IDisposable
{
    private const string LockName = "in-use",
        HolderName = "holder.json";

    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(50);
    private readonly FileStream _lock;
    private readonly string _holder;

    private HomeLock(FileStream held, string holder)
    {
        _lock = held;
        _holder = holder;
    }

    /// <summary>Takes the folder, making it if need be.</summary>
    /// <param name="home">The folder.</param>
    /// <param name="program">What takes it, such as <c>dmkd run</c>, for the messages of others.</param>
    /// <param name="gatewayPort">Port on loopback by which consoles may call its silo; null for none.</param>
    /// <exception cref="HomeFolderException">It cannot be used, or another process holds it.</exception>
    public static HomeLock Take(string home, string program, int? gatewayPort = null)
    {
        try
        {
            new SiloStorageOptions(home).MakeHome();
            var held = Hold(Path.Combine(home, LockName)) ?? throw HomeFolderException.Held(home, HolderOf(home));
            string file = Path.Combine(home, HolderName);
            var holder = new HomeHolder(Environment.ProcessId, program, gatewayPort);
            File.WriteAllBytes(file, JsonSerializer.SerializeToUtf8Bytes(holder));
            return new HomeLock(held, file);
        }
        catch (UnauthorizedAccessException)
        {
            throw new HomeFolderException($"The folder {home} cannot be used: it cannot be written");
        }
        catch (IOException) when (File.Exists(home))
        {
            throw new HomeFolderException($"{home} is no folder");
        }
        catch (IOException e)
        {
            throw new HomeFolderException($"The folder {home} cannot be used: {e.Message.TrimEnd('.')}");
        }
    }

    /// <summary>Whether a process holds the folder.</summary>
    public static bool IsHeld(string home)
    {
        var file = new FileInfo(Path.Combine(home, LockName));
        try
        {
            if (file.Exists)
                file.Open(FileMode.Open, FileAccess.Read, FileShare.ReadWrite).Dispose();
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return false; // nobody can tell
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <summary>Who holds a folder that is held; null when that is not known.</summary>
    public static HomeHolder? HolderOf(string home)
    {
        try
        {
            return JsonSerializer.Deserialize<HomeHolder>(File.ReadAllBytes(Path.Combine(home, HolderName)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null; // an earlier program's hold, or just being taken
        }
    }

    /// <summary>Lets go of the folder.</summary>
    public void Dispose()
    {
        File.Delete(_holder);
        _lock.Dispose();
    }

    /// <summary>Who asks whether the folder is held holds its lock for a moment, so a second attempt counts.</summary>
    private static FileStream? Hold(string file)
    {
        FileStream? held = null;
        SpinWait.SpinUntil(() => (held = TryHold(file)) is not null, Moment);
        return held;
    }

    private static FileStream? TryHold(string file)
    {
        try
        {
            return new(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException) when (File.Exists(file))
        {
            return null;
        }
    }
}

/// <summary>Who holds a home folder.</summary>
/// <param name="ProcessId">Its process.</param>
/// <param name="Program">What it is, such as <c>dmkd run</c>.</param>
/// <param name="GatewayPort">Port on loopback by which consoles may call its silo; null for none.</param>
public sealed record HomeHolder(int ProcessId, string Program, int? GatewayPort);

/// <summary>A home folder cannot be used; the message names it and says why, without a full stop.</summary>
public sealed class HomeFolderException(string message) : Exception(message)
{
    private bool IsHeld { get; init; }

    /// <summary>The message with what to do, as a sentence.</summary>
    /// <param name="option">What names another folder, such as <c>--home</c>.</param>
    public string WithAdvice(string option) =>
        IsHeld ? $"{Message}, or choose another folder with {option}." : $"{Message}; choose another by {option}.";

    /// <summary>Another process holds it.</summary>
    internal static HomeFolderException Held(string home, HomeHolder? holder)
    {
        if (holder is null)
            return new($"The folder {home} cannot be used: another dmkd process holds it. Wait for it")
            {
                IsHeld = true,
            };
        return new(
            $"The folder {home} cannot be used: another dmkd process holds it ({holder.Program}, process id "
                + $"{holder.ProcessId}). Wait for it, end it with kill {holder.ProcessId}"
        )
        {
            IsHeld = true,
        };
    }
}
