namespace Qmtl.Gateway.Wire;

/// <summary>Checks names before they become part of an address.</summary>
internal static class GatewayNames
{
    /// <summary>Refuses what can name no world.</summary>
    /// <exception cref="ArgumentException">It is blank, or a dot segment, which addresses drop.</exception>
    public static void RequireWorld(string worldId)
    {
        if (string.IsNullOrWhiteSpace(worldId))
        {
            throw new ArgumentException("A world id is needed.", nameof(worldId));
        }

        if (worldId is "." or "..")
        {
            throw new ArgumentException($"The world id '{worldId}' cannot be part of an address. Use another one.", nameof(worldId));
        }
    }

    /// <summary>Refuses what can name no strategy.</summary>
    /// <exception cref="ArgumentException">It is blank.</exception>
    public static void RequireStrategy(string strategyId)
    {
        if (string.IsNullOrWhiteSpace(strategyId))
        {
            throw new ArgumentException(
                "A strategy id is needed: the one that the gateway gave when the strategy was submitted.", nameof(strategyId));
        }
    }
}
