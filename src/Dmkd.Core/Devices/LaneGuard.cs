using System.Runtime.CompilerServices;
using TorchSharp;

namespace Dmkd.Core.Devices;

/// <summary>Checks that a job left its thread as it found it, and repairs the thread when it did not.</summary>
internal static class LaneGuard
{
    private const int MaxForgottenScopes = 64;

    /// <summary>Turns gradients on again and closes forgotten scopes of the calling thread.</summary>
    /// <returns>What was wrong, or null.</returns>
    public static string? Repair()
    {
        string? misuse = null;
        if (!torch.is_grad_enabled())
        {
            torch.set_grad_enabled(true);
            misuse = "gradients off";
        }

        for (int i = 0; i < MaxForgottenScopes; i++)
        {
            // A tensor made now belongs to a scope only if one is still open on this thread.
            using var probe = torch.empty(0);
            if (OwningScope(probe) is not { } forgotten) break;
            forgotten.Dispose();
            misuse = "a dispose scope open";
        }

        return misuse;
    }

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_OwningDisposeScope")]
    private static extern DisposeScope? OwningScope(torch.Tensor tensor);
}
